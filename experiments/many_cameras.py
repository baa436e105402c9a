"""Watches many made cameras at once for long: is memory flat, how many frames a second, and how many are dropped?

    python -m experiments.many_cameras [--streams=16] [--size=64x64] [--rate=25] [--minutes=10] [--output=FILE.json]

The cameras are Motion JPEG by HTTP from a process of its own (`synthetic/made_cameras.py`); one process watches them
with all members of configs/video.py, whose weights and calibrations are made up (`benchmarks/made_watch.py`).

FILE has `frames_per_second`, that came and that were watched; `frames_dropped` by camera; `reconnections` in all; and
`resident`: [seconds, bytes of memory] every PERIOD seconds.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Sequence

from experiments.benchmarks.film import write_film
from experiments.benchmarks.made_watch import MadeMonitors, resident_bytes
from experiments.command_line import Parser, entry_point, file_path
from experiments.synthetic.made_cameras import served
from vpn_anomaly.files import output_files
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.watching.output import Losses, Output
from vpn_anomaly.watching.tally import Tally
from vpn_anomaly.watching.together import Together

PERIOD = 10.0  # seconds
MEGABYTE = 1 << 20


class Meter(Output):
    """Notes the memory every PERIOD seconds, and what sources lost; ends the watch after some minutes.

    Attributes:
        resident: (seconds, bytes).
        losses: by source.
    """

    def __init__(self, minutes: float, stop: StopRequest):
        self._until, self._stop = 60 * minutes, stop
        self._begun: float | None = None
        self.resident: list[tuple[float, int]] = []
        self.losses: dict[str, Losses] = {}

    @property
    def seconds(self) -> float:
        """Since the first camera was there."""
        return 0.0 if self._begun is None else time.monotonic() - self._begun

    def begin(self, video, monitor):
        self._begun = self._begun or time.monotonic()

    def frame(self, source, frame, result):
        seconds = self.seconds
        if seconds >= PERIOD * len(self.resident):
            self.resident.append((seconds, resident_bytes()))
        self._stop.requested = self._stop.requested or seconds >= self._until

    def end(self, source, losses):
        self.losses[source] = losses

    def close(self):
        self.resident.append((self.seconds, resident_bytes()))


def watched(streams: int, size: tuple[int, int], rate: float, minutes: float) -> dict:
    """What FILE has."""
    with tempfile.TemporaryDirectory() as folder, served(*size, rate) as address, StopRequest() as stop:
        film = pathlib.Path(folder) / "film.mp4"
        write_film(film, *size)
        monitors = MadeMonitors(film)
        monitors.compile(streams)
        sources = [f"{address}/{number}" for number in range(streams)]
        with Meter(minutes, stop) as meter:
            tally = Tally([meter], None, stop)
            Together(monitors, tally).watch(sources, sources)
            seconds = meter.seconds
    dropped = {name: losses.dropped for name, losses in meter.losses.items()}
    came = tally.frames + sum(dropped.values())
    return {
        "streams": streams,
        "size": list(size),
        "rate": rate,
        "seconds": seconds,
        "frames_per_second": {"came": came / seconds, "watched": tally.frames / seconds},
        "frames_dropped": dropped,
        "reconnections": sum(losses.reconnections for losses in meter.losses.values()),
        "resident": meter.resident,
    }


def in_words(record: dict) -> str:
    """What FILE has, in a line."""
    (_, first), (_, last) = record["resident"][len(record["resident"]) // 2], record["resident"][-1]
    dropped, pace = record["frames_dropped"].values(), record["frames_per_second"]
    height, width = record["size"]
    return (
        f"{record['streams']} cameras of {height}×{width} at {record['rate']:g} frames per second, for"
        f" {record['seconds'] / 60:.1f} minutes: {pace['came']:.1f} frames per second came,"
        f" {pace['watched']:.1f} were watched; dropped by camera:"
        f" {min(dropped):,} to {max(dropped):,}; {record['reconnections']} reconnections; memory"
        f" {first / MEGABYTE:,.0f} MB after half of the time, {last / MEGABYTE:,.0f} MB at the end"
    )


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Watches, prints and stores what was measured. Exit code 2: an error."""
    arguments = _arguments(argv)
    if arguments.output:
        output_files.check_output(arguments.output)
    record = watched(arguments.streams, arguments.size, arguments.rate, arguments.minutes)
    print(in_words(record))
    if arguments.output:
        text = json.dumps(record, indent=1) + "\n"
        output_files.write_atomically(arguments.output, lambda file: file.write(text.encode()))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("many_cameras", __doc__)
    parser.add_argument("--streams", type=_positive(int), default=16, help="cameras")
    parser.add_argument("--size", type=_size, default=(64, 64), help="HEIGHTxWIDTH of their frames, pixels")
    parser.add_argument("--rate", type=_positive(float), default=25.0, help="frames per second of each")
    parser.add_argument(
        "--minutes", type=_positive(float), default=10.0, help="from the first camera's beginning on"
    )
    parser.add_argument("--output", type=file_path, help="JSON file to write what was measured to")
    return parser.parse_args(argv)


def _positive(kind):
    def value(text: str):
        number = kind(text)
        if not number > 0:
            raise argparse.ArgumentTypeError(f"{text}: give more than 0")
        return number

    return value


def _size(text: str) -> tuple[int, int]:
    height, x, width = text.partition("x")
    if not (x and all(side.isdecimal() and int(side) for side in (height, width))):
        raise argparse.ArgumentTypeError(f"{text}: give HEIGHTxWIDTH, such as 64x64")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main())
