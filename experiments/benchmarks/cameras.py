"""Many cameras on one machine: one process that watches them at once, against a process for each.

Every camera is the same H.264 film of the conveyor, decoded and watched by all members of configs/video.py
(`made_watch.py`). All processes of a size run from before the first measurement to after the last; those that are
not measured wait. Weights and calibrations are made up: times do not depend on them.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence

from experiments.benchmarks.film import write_film
from experiments.benchmarks.program import Program

SIZES = ((64, 64), (240, 360))  # height, width in pixels
STREAMS = (1, 4, 16)
# Of each stream by the number of streams: whole tens, as a member looks at every tenth frame.
FRAMES = {(64, 64): (120, 60, 20), (240, 360): (40, 20, 10)}
ROOT = pathlib.Path(__file__).parents[2]


def programs() -> Iterator[dict[str, Program]]:
    """For each size, and each number of streams: `ours`, all in one process, and `process_each`.

    Rows have what a frame took of all cores in the last run, `processor_s`, which other programs on the machine
    change little, and the memory of all processes that are measured after the first run, before one with more
    streams, `resident_bytes`.
    """
    for size in SIZES:
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write_film(folder / "film.mp4", *size)
            most = max(STREAMS)
            with _Process(folder, most) as compiling:  # the others read from the cache what it compiled
                compiling.answer()
            processes = [stack.enter_context(_Process(folder, count)) for count in (most, *[1] * most)]
            for process in processes:
                process.answer()
            made = {}
            for streams, frames in zip(STREAMS, FRAMES[size], strict=True):
                at = f"{streams}x{size[0]}x{size[1]}"
                made[f"ours@{at}"] = _program(processes[:1], streams, frames, size)
                made[f"process_each@{at}"] = _program(processes[1 : 1 + streams], streams, frames, size)
            yield made


def _program(processes: Sequence["_Process"], streams: int, frames: int, size: Sequence[int]) -> Program:
    fields = {"streams": streams, "processes": len(processes), "size": list(size)}
    return Program(_run(processes, streams, frames, fields), streams * frames, fields)


def _run(processes: Sequence["_Process"], streams: int, frames: int, fields: dict) -> Callable:
    def run():
        for process in processes:
            process.ask(streams // len(processes), frames)
        answers = [process.answer() for process in processes]
        assert sum(answer["frames"] for answer in answers) == streams * frames
        fields["processor_s"] = sum(answer["processor_seconds"] for answer in answers) / (streams * frames)
        fields.setdefault("resident_bytes", sum(answer["resident"] for answer in answers))

    return run


class _Process(contextlib.AbstractContextManager):
    """A `camera_process`, which ends with the block."""

    def __init__(self, folder: pathlib.Path, streams: int):
        film = folder / "film.mp4"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "experiments.benchmarks.camera_process"),
                *(f"--film={film}", f"--streams={streams}"),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def ask(self, streams: int, frames: int) -> None:
        self._process.stdin.write(f"{streams} {frames}\n")
        self._process.stdin.flush()

    def answer(self) -> dict:
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"a camera_process ended with exit code {self._process.wait()}")
