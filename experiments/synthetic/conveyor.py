"""Writes videos of a conveyor belt to train and to test on, and where the defects are.

    python -m experiments.synthetic.conveyor --output=DIR [--minutes=4] [--test_minutes=4] [--seed=0]
        [--height=96] [--width=160] [--rate=15] [--defects=12] [--products=5]
        [--layout=films|ucsd] [--clips=12]

    DIR/normal.mkv    parts pass on a textured belt under slowly changing light; no defects
    DIR/test.mkv      the same machine later, with defects: a part is missing, turned or scratched,
                      a foreign object lies on the belt, the belt stands still or goes back
    DIR/truth.json    the arguments, the number of frames of test.mkv, and every defect: its kind,
                      first and end frame (frames first, …, end − 1 show it) and for each of
                      these frames a box [top, left, bottom, right] in pixels: all that differs
                      from a normal frame is in frame[top:bottom, left:right]

Frames count from 0. The videos are grey and without loss (FFV1). From Python, without files:
`Conveyor` in experiments/synthetic/conveyor_world/world.py.

With --layout=ucsd DIR holds the same films as the UCSD data set lies on the disk, each cut into
--clips clips of equal length; a rest of frames at the end is left out:

    DIR/Train/Train001/001.tif      frames of normal.mkv, from 1
    DIR/Test/Test001/001.tif        frames of test.mkv, from 1
    DIR/Test/conveyor.m             a line a test clip: its frames that show a defect
    DIR/Test/Test001_gt/001.bmp     which pixels do, 255: those that differ from a normal frame, or the
                                    box of a defect of the belt
    DIR/truth.json                  as above; its frames are those of test.mkv, of all clips in order
"""

import argparse
import dataclasses
import functools
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from experiments.synthetic.conveyor_world.schedule import BELT_KINDS
from experiments.synthetic.conveyor_world.world import MINUTES, Conveyor, check_range
from experiments.synthetic.ucsd_files import check_place, write_ucsd
from experiments.synthetic.world_files import TRUTH, write_world
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Pace

FILMS = ("normal.mkv", "test.mkv")
CLIPS = 12  # that each film is cut into
_REDRAWN = 0.2  # seconds between two drawings of the line on a terminal


def truth(conveyor: Conveyor, arguments: dict[str, object]) -> dict[str, object]:
    """The content of truth.json: the arguments, the number of frames, and the defects in order."""
    return {
        **arguments,
        "frames": conveyor.frames,
        "defects": [dataclasses.asdict(defect) for defect in conveyor.defects],
    }


def mask(conveyor: Conveyor, index: int) -> np.ndarray:
    """Which pixels of the frame of this number show a defect, bool (H, W).

    All of the belt where it moves wrongly: only its texture differs from pixel to pixel.
    """
    mask_HxW = np.zeros((conveyor.height, conveyor.width), bool)
    for defect in conveyor.defects:
        if defect.first <= index < defect.end and defect.kind in BELT_KINDS:
            top, left, bottom, right = defect.boxes[index - defect.first]
            mask_HxW[top:bottom, left:right] = True
        elif defect.first <= index < defect.end:
            mask_HxW |= conveyor.frame(index) != conveyor.normal_frame(index)
    return mask_HxW


class _Progress:
    """Frames made and time left: on a terminal one line, redrawn; elsewhere a line now and then."""

    def __init__(self, total: int):
        self._total, self._made, self._started = total, 0, None
        self._on_terminal, self._pace, self._next = sys.stderr.isatty(), Pace(), 0.0

    def told(self, name: str, conveyor: Conveyor, frames: int) -> Iterator[np.ndarray]:
        """The first frames of a conveyor; a failure does not leave the terminal's line open."""
        try:
            for index in range(frames):
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


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; 2: an error, told in one line."""
    arguments = _arguments(argv)
    belt = {name: getattr(arguments, name) for name in ("height", "width", "rate", "products")}
    check_range("test_minutes", arguments.test_minutes, *MINUTES)
    {"films": _check_films, "ucsd": check_place}[arguments.layout](arguments.output)
    normal = Conveyor(arguments.seed, "train", minutes=arguments.minutes, **belt)
    test = Conveyor(arguments.seed, "test", minutes=arguments.test_minutes, defects=arguments.defects, **belt)
    write = {"films": _write_films, "ucsd": _write_ucsd}[arguments.layout]
    told = write(arguments, normal, test)
    print(f"{arguments.output}: {told}")
    return 0


def _check_films(directory: pathlib.Path) -> None:
    output_files.check_outputs_in(directory, *FILMS, TRUTH)


def _write_films(arguments: argparse.Namespace, normal: Conveyor, test: Conveyor) -> str:
    """Returns what was written."""
    if arguments.clips is not None:
        raise UserError(f"clips={arguments.clips}: films are not cut; leave it out or give --layout=ucsd")
    progress = _Progress(normal.frames + test.frames)
    films = dict(zip(FILMS, (normal, test), strict=True))
    videos = {name: progress.told(name, film, film.frames) for name, film in films.items()}
    write_world(
        arguments.output,
        videos,
        truth(test, _world(arguments)),
        height=arguments.height,
        width=arguments.width,
        rate=arguments.rate,
    )
    return (
        f"normal.mkv {normal.frames} frames, test.mkv {test.frames} frames with"
        f" {len(test.defects)} defects, truth.json"
    )


def _write_ucsd(arguments: argparse.Namespace, normal: Conveyor, test: Conveyor) -> str:
    """Returns what was written."""
    clips = CLIPS if arguments.clips is None else arguments.clips
    check_range("clips", clips, 1, min(normal.frames, test.frames))
    lengths = {part: film.frames // clips for part, film in (("Train", normal), ("Test", test))}
    progress = _Progress(clips * sum(lengths.values()))
    frames = [
        progress.told(part, film, clips * lengths[part]) for part, film in (("Train", normal), ("Test", test))
    ]
    write_ucsd(
        arguments.output,
        "conveyor",
        *frames,
        functools.partial(mask, test),
        clips=clips,
        normal_length=lengths["Train"],
        test_length=lengths["Test"],
        truth=truth(test, {**_world(arguments), "layout": "ucsd", "clips": clips}),
    )
    rest = {part: film.frames % clips for part, film in (("Train", normal), ("Test", test))}
    left_out = "".join(
        f", {count} frames at the end of the film for {part}/ left out"
        for part, count in rest.items()
        if count
    )
    return (
        f"Train/ {clips} clips of {lengths['Train']} frames, Test/ {clips} clips of"
        f" {lengths['Test']} frames with {len(test.defects)} defects, truth.json{left_out}"
    )


def _world(arguments: argparse.Namespace) -> dict[str, object]:
    """The arguments that say what the films show."""
    return {
        name: value for name, value in vars(arguments).items() if name not in ("output", "layout", "clips")
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("synthetic.conveyor", __doc__)
    parser.add_argument(
        "--output",
        required=True,
        type=file_path,
        metavar="DIR",
        help="made if need be; videos of the same names are replaced",
    )
    parser.add_argument("--minutes", type=float, default=4.0, help="of the video without defects")
    parser.add_argument("--test_minutes", type=float, default=4.0, help="of the video with defects")
    parser.add_argument("--seed", type=int, default=0, help="of the whole world")
    parser.add_argument("--height", type=int, default=96, help="pixels")
    parser.add_argument("--width", type=int, default=160, help="pixels")
    parser.add_argument("--rate", type=int, default=15, help="frames a second")
    parser.add_argument(
        "--defects", type=int, default=12, help="in the test video; six kinds take turns in random order"
    )
    parser.add_argument(
        "--products",
        type=int,
        default=5,
        help="kinds of parts that pass in random order, 1 to 5; 1: all are plates",
    )
    parser.add_argument(
        "--layout",
        choices=("films", "ucsd"),
        default="films",
        help="two videos, or folders of images, labels and masks as the UCSD data set is",
    )
    parser.add_argument("--clips", type=int, help=f"that either film is cut into; {CLIPS} for ucsd")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
