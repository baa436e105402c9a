"""Writes what many cameras and long archives take into docs/scale.md, from measured frames a second and memory.

    python -m experiments.scale [--cameras=experiments/results/bench_cameras.json] [--page=docs/scale.md] [--check]
        [--long=experiments/results/many_cameras.json]

The tables are written between two marker lines. `--check` writes nothing and exits with 1 if the page does not show
what the measurements give. The measurements are those of `python -m experiments.bench --suite=cameras`, and of
`python -m experiments.many_cameras` where it has been run.
"""

import argparse
import json
import math
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from experiments.command_line import RESULTS, Parser, entry_point, file_path
from experiments.many_cameras import in_words
from experiments.tables import page_block
from experiments.tables.page_block import markdown_table
from vpn_anomaly.errors import UserError

NAME = "scale"  # in the marker lines
CAMERAS, HOURS = 10_000, 1_000_000
RATES = (25, 5)  # frames per second that are watched
DAYS = 30  # in which the archive is to be done
GIGABYTE = 1e9


class Machine(NamedTuple):
    """What one machine does with frames of a size.

    Attributes:
        size: (height, width).
        frames_per_second: of all its cameras together, in the faster of the two ways.
        at_once: whether that is one process.
        first, stream: bytes of a process with one camera, and of each one more.
        process: bytes of a process for one camera.
    """

    size: tuple[int, int]
    frames_per_second: float
    at_once: bool
    first: float
    stream: float
    process: float

    def cameras(self, rate: float) -> int:
        """That it watches without dropping frames."""
        return math.floor(self.frames_per_second / rate)

    def machines(self, cameras: int, rate: float) -> int:
        """For so many cameras; where one does not keep up with a camera, as many as its frames take."""
        of_one = self.cameras(rate) or self.frames_per_second / rate
        return math.ceil(cameras / of_one)

    def memory(self, cameras: int) -> float:
        """Bytes of so many cameras, in the faster way."""
        return self.first + self.stream * (cameras - 1) if self.at_once else self.process * cameras

    def archive_hours(self, hours: float, rate: float) -> float:
        """That it takes for so many hours of footage."""
        return hours * rate / self.frames_per_second


def machines(rows: Sequence[dict]) -> list[Machine]:
    """By size, from the rows of the benchmark."""
    sizes = list(dict.fromkeys(tuple(row["size"]) for row in rows))
    return [_machine(size, [row for row in rows if tuple(row["size"]) == size]) for size in sizes]


def _machine(size: tuple[int, int], rows: Sequence[dict]) -> Machine:
    at_once = {row["streams"]: row for row in rows if row["name"].startswith("ours@")}
    each = {row["streams"]: row for row in rows if row["name"].startswith("process_each@")}
    one, most = min(at_once), max(at_once)
    pace, of_each = at_once[most]["frames_per_second"], each[most]["frames_per_second"]
    first, last = at_once[one]["resident_bytes"], at_once[most]["resident_bytes"]
    return Machine(
        size,
        max(pace, of_each),
        pace >= of_each,
        first,
        max(0.0, (last - first) / (most - one)),
        each[most]["resident_bytes"] / most,
    )


def block(rows: Sequence[dict], long_watch: dict | None = None) -> str:
    """The tables of the page, and the line on a long watch if there was one (`many_cameras`)."""
    found = machines(rows)
    long_watches = [] if long_watch is None else [f"Measured for long: {in_words(long_watch)}."]
    return "\n\n".join(
        [
            *long_watches,
            "Measured, on two CPU cores:",
            markdown_table(
                [
                    *("frame", "streams", "one process, frames/s", "a process each, frames/s"),
                    *("one process, GB", "a process each, GB"),
                ],
                list(_measured(rows)),
            ),
            f"{CAMERAS:,} cameras:",
            markdown_table(
                [
                    *("frame", "watched frames/s of each", "cameras a machine", "machines", "cores"),
                    "memory of a machine, GB",
                ],
                list(_of_cameras(found)),
            ),
            f"{HOURS:,} hours of archive:",
            markdown_table(
                [
                    *("frame", "watched frames/s", "hours of footage an hour"),
                    *("machine hours", f"machines for {DAYS} days"),
                ],
                list(_of_archive(found)),
            ),
        ]
    )


def _measured(rows: Sequence[dict]) -> Iterator[list[str]]:
    by_name = {row["name"]: row for row in rows}
    for name, ours in by_name.items():
        kind, _, at = name.partition("@")
        if kind == "ours":
            each = by_name[f"process_each@{at}"]
            both = ours, each
            yield [
                _words(ours["size"]),
                str(ours["streams"]),
                *(f"{row['frames_per_second']:.1f}" for row in both),
                *(f"{row['resident_bytes'] / GIGABYTE:.2f}" for row in both),
            ]


def _of_cameras(found: Sequence[Machine]) -> Iterator[list[str]]:
    for machine in found:
        for rate in RATES:
            cameras, count = machine.cameras(rate), machine.machines(CAMERAS, rate)
            share = f"{machine.frames_per_second / rate:.2f}"
            yield [
                _words(machine.size),
                str(rate),
                str(cameras or share),
                f"{count:,}",
                f"{2 * count:,}",
                f"{machine.memory(max(1, cameras)) / GIGABYTE:.1f}",
            ]


def _of_archive(found: Sequence[Machine]) -> Iterator[list[str]]:
    for machine in found:
        for rate in RATES:
            hours = machine.archive_hours(HOURS, rate)
            yield [
                _words(machine.size),
                str(rate),
                f"{HOURS / hours:.2f}",
                f"{hours:,.0f}",
                f"{math.ceil(hours / (24 * DAYS)):,}",
            ]


def _words(size: Sequence[int]) -> str:
    return f"{size[0]}×{size[1]}"


def read_rows(path: pathlib.Path) -> list[dict]:
    """The rows of a results file of the benchmark. UserError where there are none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} has no rows of a benchmark; make it with"
            f" python -m experiments.bench --suite=cameras --output={path}"
        ) from error


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks the page. Exit code 1: `--check` found differences; 2: an error."""
    arguments = _arguments(argv)
    long_watch = json.loads(arguments.long.read_text(encoding="utf-8")) if arguments.long.exists() else None
    text = block(read_rows(arguments.cameras), long_watch)
    update = page_block.update(arguments.page, page_block.markers(NAME, "experiments.scale"), text)
    outdated = f"the tables are not what {arguments.cameras} gives"
    return page_block.settle(
        [update], arguments.check, outdated, f"{arguments.page} shows {arguments.cameras}"
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("scale", __doc__)
    parser.add_argument(
        "--cameras", type=file_path, default=RESULTS / "bench_cameras.json", help="results of the benchmark"
    )
    parser.add_argument(
        "--long",
        type=file_path,
        default=RESULTS / "many_cameras.json",
        help="results of experiments.many_cameras, if there are some",
    )
    parser.add_argument(
        "--page", type=file_path, default=pathlib.Path("docs/scale.md"), help="the page with the tables"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page differs")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
