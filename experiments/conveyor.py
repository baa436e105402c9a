"""Writes videos of a conveyor belt to train and to test on, and where the defects are.

    python -m experiments.conveyor --output=DIR [--minutes=4] [--test_minutes=4] [--seed=0]
        [--height=96] [--width=160] [--rate=15] [--defects=12] [--products=5]

    DIR/normal.mkv    parts pass on a textured belt under slowly changing light; no defects
    DIR/test.mkv      the same machine later, with defects: a part is missing, turned or scratched,
                      a foreign object lies on the belt, the belt stands still or goes back
    DIR/truth.json    the arguments, the number of frames of test.mkv, and every defect: its kind,
                      first and end frame (frames first, …, end − 1 show it) and for each of
                      these frames a box [top, left, bottom, right] in pixels: all that differs
                      from a normal frame is in frame[top:bottom, left:right]

Frames count from 0. The videos are grey and without loss (FFV1). From Python, without files:
`Conveyor` in experiments/conveyor_world/world.py.
"""

import argparse
import dataclasses
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from experiments.conveyor_world.world import MINUTES, Conveyor, check_range
from experiments.parser import Parser
from experiments.world_files import write_world
from vpn_anomaly.errors import UserError
from vpn_anomaly.pace import Pace

_REDRAWN = 0.2  # seconds between two drawings of the line on a terminal


def truth(conveyor: Conveyor, arguments: dict[str, object]) -> dict[str, object]:
    """The content of truth.json: the arguments, the number of frames, and the defects in order."""
    return {**arguments, "frames": conveyor.frames,
            "defects": [dataclasses.asdict(defect) for defect in conveyor.defects]}


class _Progress:
    """Frames made and time left: on a terminal one line, redrawn; elsewhere a line now and then."""

    def __init__(self, total: int):
        self._total, self._made, self._started = total, 0, None
        self._on_terminal, self._pace, self._next = sys.stderr.isatty(), Pace(), 0.0

    def told(self, name: str, conveyor: Conveyor) -> Iterator[np.ndarray]:
        """The frames of a conveyor; a failure does not leave the terminal's line open."""
        try:
            for index in range(conveyor.frames):
                yield conveyor.frame(index)
                self._made += 1
                self._tell(name)
        finally:
            if self._on_terminal:
                print(file=sys.stderr)

    def _tell(self, name: str) -> None:
        now, last = time.monotonic(), self._made == self._total
        text = f"{name}  frame {self._made}/{self._total}"
        if self._started is None:
            self._started = now  # the first frame took longer than others will: it opened the file
        else:
            seconds = (now - self._started) / (self._made - 1) * (self._total - self._made)
            text += f"  {int(seconds / 60)}:{int(seconds % 60):02d} left"
        if self._on_terminal:
            if now >= self._next or last:
                self._next = now + _REDRAWN
                print(f"\r{text} ", end="", file=sys.stderr, flush=True)
        elif self._pace.due(now, last):
            print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; 2: an error, told in one line."""
    arguments = _arguments(argv)
    shown = {name: value for name, value in vars(arguments).items() if name != "output"}
    size = {"height": arguments.height, "width": arguments.width, "rate": arguments.rate}
    belt = {**size, "products": arguments.products}
    try:
        check_range("test_minutes", arguments.test_minutes, *MINUTES)
        normal = Conveyor(arguments.seed, "train", minutes=arguments.minutes, **belt)
        test = Conveyor(arguments.seed, "test", minutes=arguments.test_minutes,
                        defects=arguments.defects, **belt)
        progress = _Progress(normal.frames + test.frames)
        films = {"normal.mkv": normal, "test.mkv": test}
        videos = {name: progress.told(name, film) for name, film in films.items()}
        write_world(arguments.output, videos, truth(test, shown), **size)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.output}: normal.mkv {normal.frames} frames, test.mkv {test.frames} frames "
          f"with {len(test.defects)} defects, truth.json")
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("conveyor", __doc__)
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="DIR",
                        help="made if need be; files of the same names are replaced")
    parser.add_argument("--minutes", type=float, default=4.0, help="of the video without defects")
    parser.add_argument("--test_minutes", type=float, default=4.0, help="of the video with defects")
    parser.add_argument("--seed", type=int, default=0, help="of the whole world")
    parser.add_argument("--height", type=int, default=96, help="pixels")
    parser.add_argument("--width", type=int, default=160, help="pixels")
    parser.add_argument("--rate", type=int, default=15, help="frames a second")
    parser.add_argument("--defects", type=int, default=12,
                        help="in the test video; six kinds take turns in random order")
    parser.add_argument("--products", type=int, default=5,
                        help="kinds of parts that pass in random order, 1 to 5; 1: all are plates")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
