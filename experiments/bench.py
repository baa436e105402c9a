"""Benchmarks: times the programs of a suite against each other, interleaved in one process.

    python -m experiments.bench --suite=step [--output=FILE.json]

`step` compares the training step with one in plain Flax and, where the extra `bench` is installed, in PyTorch, eager
and compiled; `conv_lstm` the recurrence alone with plain Flax's; `sampling` one inpainting pass with the Video Pixel
Network's passes over a frame (takes a quarter of an hour); `stream` the scoring of one video frame with PyTorch: by
every member of a detector, by all together with decoding, and at several sizes; `cameras` the watching of many
streams in one process with a process for each (takes about 10 minutes). `scaling` times the training step at several
lengths, sizes and batches, and in one and two processes. The programs are in experiments/benchmarks/.

FILE is {"rows": [{"name", "median_s", "ratio"}]}; `ratio` is the row's time divided by that of `ours`, at the
same size or of the same member if names end in @SIZE or @MEMBER. Rows of members also have the `size` of their
frames and of `every` how many they look at one: `median_s` is the time of a look. `ours@all` is the time of a frame
on average, with its `members` and `frames_per_second`. Rows of `cameras` have times of a frame of any stream, its
time on all cores together, `processor_s`, and the memory of the processes, `resident_bytes`. `scaling` adds the
fitted `exponents` of frames, area and batch, and `processes`, the seconds a step by their number.
"""

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import jax

from experiments.benchmarks.program import Program
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.files import output_files
from vpn_anomaly.ops.devices import check_devices


class Suite(NamedTuple):
    """Programs that are compared.

    Attributes:
        programs: builds them.
        rounds: timed runs of each.
        summary: what more is stored, from the rows.
    """

    programs: Callable
    rounds: int
    summary: Callable = lambda rows: {}


def _of(module: str, function: str = "programs") -> Callable:
    """A function of a module in benchmarks/, which is imported when it is called."""
    return lambda *given: getattr(importlib.import_module(f"experiments.benchmarks.{module}"), function)(
        *given
    )


SUITES = {
    "step": Suite(_of("training_step"), 9),
    "conv_lstm": Suite(_of("conv_lstm"), 9),
    "sampling": Suite(_of("sampling"), 2),  # a sample takes minutes
    "stream": Suite(_of("stream"), 41),
    "cameras": Suite(_of("cameras"), 3),
    "scaling": Suite(_of("scaling"), 5, _of("scaling", "summary")),
}


def measure(programs: Mapping[str, Callable | Program], rounds: int) -> list[dict]:
    """Times the programs, one of which is `ours`: one warm-up run each, then one run each per round.

    Returns:
        a row per program: its name, median time in seconds (of a frame, if it has several), ratio to the time of
        `ours`, and its own fields.
    """
    timed = {name: of if isinstance(of, Program) else Program(of) for name, of in programs.items()}
    seconds = {name: [] for name in timed}
    for program in timed.values():
        jax.block_until_ready(program.run())
    for _ in range(rounds):
        for name, program in timed.items():
            start = time.perf_counter()
            jax.block_until_ready(program.run())
            seconds[name].append((time.perf_counter() - start) / program.frames)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return [_row(name, timed[name], medians) for name in timed]


def measure_in_turn(groups: Iterable[Mapping[str, Program]], rounds: int) -> list[dict]:
    """`measure` of one group of programs after the other; each is made when it is its turn."""
    return [row for group in groups for row in measure(group, rounds)]


def _row(name: str, program: Program, medians: Mapping[str, float]) -> dict:
    median = medians[name]
    row = {"name": name, "median_s": median, "ratio": median / medians[_ours(name)], **program.fields}
    return row if program.frames == 1 else {**row, "frames_per_second": 1 / median}


def _ours(name: str) -> str:
    """The name of the program that the given one is compared with."""
    return "".join(["ours", *name.partition("@")[1:]])


@entry_point
def main(argv=None) -> int:
    """Runs one suite, prints its rows and stores them. Exit code 2: an error."""
    parser = Parser("bench", __doc__)
    parser.add_argument("--suite", required=True, choices=tuple(SUITES))
    parser.add_argument("--output", type=file_path, help="JSON file to write the rows to")
    arguments = parser.parse_args(argv)
    if arguments.output:
        output_files.check_output(arguments.output)
    suite = SUITES[arguments.suite]
    check_devices()
    made = suite.programs()
    rows = measure(made, suite.rounds) if isinstance(made, Mapping) else measure_in_turn(made, suite.rounds)
    for row in rows:
        fields = ", ".join(f"{name} {value}" for name, value in list(row.items())[3:])
        line = f"{row['name']:<24}{row['median_s']:>10.4f} s{row['ratio']:>8.2f} times ours  {fields}"
        print(line.rstrip())
    more = suite.summary(rows)
    for name, value in more.items():
        print(f"{name}: {json.dumps(value)}")
    if arguments.output:
        text = json.dumps({"rows": rows, **more}, indent=1) + "\n"
        output_files.write_atomically(arguments.output, lambda file: file.write(text.encode()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
