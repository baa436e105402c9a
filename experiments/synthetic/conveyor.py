"""Generates videos of a conveyor belt for training and testing, with ground truth.

    python -m experiments.synthetic.conveyor --output=DIR [--minutes=4] [--test_minutes=4] [--seed=0]
        [--height=96] [--width=160] [--rate=15] [--defects=12] [--products=5]
        [--layout=films|ucsd] [--clips=12]

    DIR/normal.mkv    parts move past on a textured belt under slowly changing light; no defects
    DIR/test.mkv      the same machine later, with defects: a part is missing, rotated or scratched, a
                      foreign object lies on the belt, or the belt stops or runs backwards
    DIR/truth.json    the arguments, the number of frames of test.mkv, and every defect: its kind,
                      first and end frame (visible in frames first, …, end − 1), and a bounding box
                      [top, left, bottom, right] in pixels for each of these frames: all differences
                      from a normal frame are inside frame[top:bottom, left:right]

Frame numbers start at 0. The videos are greyscale and lossless (FFV1). To generate frames in Python without
files, use `Conveyor` in experiments/synthetic/conveyor_world/world.py.

With --layout=ucsd, DIR holds the same two videos in the layout of the UCSD data set, each cut into --clips clips
of equal length; remaining frames at the end are dropped:

    DIR/Train/Train001/001.tif      frames of normal.mkv, starting at 1
    DIR/Test/Test001/001.tif        frames of test.mkv, starting at 1
    DIR/Test/conveyor.m             one line per test clip: its frames that show a defect
    DIR/Test/Test001_gt/001.bmp     pixel masks, 255: pixels that differ from a normal frame, or the whole
                                    bounding box of a belt defect
    DIR/truth.json                  as above; frame numbers are those of test.mkv, over all clips in order
"""

import argparse
import functools
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from experiments.synthetic.conveyor_world.ground_truth import mask, truth
from experiments.synthetic.conveyor_world.world import MINUTES, Conveyor, check_range
from experiments.synthetic.ucsd_files import check_place, write_ucsd
from experiments.synthetic.world_files import TRUTH, write_world
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Progress, pace_of_stderr
from vpn_anomaly.text.durations import countdown

FILMS = ("normal.mkv", "test.mkv")
CLIPS = 12  # per video, by default


def _frames(videos: Mapping[str, tuple[Conveyor, int]]) -> dict[str, Iterator[np.ndarray]]:
    """The first so many frames of each video, generated one by one with a common progress display."""
    total, done, pace, result = sum(count for _, count in videos.values()), 0, pace_of_stderr(), {}
    for name, (conveyor, count) in videos.items():
        progress = Progress(functools.partial(_progress_line, name, total), total, done, pace)
        result[name] = _generated(conveyor, count, progress)
        done += count
    return result


def _generated(conveyor: Conveyor, count: int, progress: Progress) -> Iterator[np.ndarray]:
    try:
        for index in range(count):
            yield conveyor.frame(index)
            progress()
    finally:
        progress.end()


def _progress_line(name: str, total: int, progress: Progress) -> str:
    text = f"{name}  frame {progress.done}/{total}"
    if progress.seconds_left is None:
        return text
    return f"{text}  {countdown(progress.seconds_left)} left"


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Generates the videos and the ground truth. Exit code 2: an error."""
    arguments = _arguments(argv)
    belt = {name: getattr(arguments, name) for name in ("height", "width", "rate", "products")}
    check_range("test_minutes", arguments.test_minutes, *MINUTES)
    {"films": _check_films, "ucsd": check_place}[arguments.layout](arguments.output)
    normal = Conveyor(arguments.seed, "train", minutes=arguments.minutes, **belt)
    test = Conveyor(arguments.seed, "test", minutes=arguments.test_minutes, defects=arguments.defects, **belt)
    write = {"films": _write_films, "ucsd": _write_ucsd}[arguments.layout]
    summary = write(arguments, normal, test)
    print(f"{arguments.output}: {summary}")
    return 0


def _check_films(directory: pathlib.Path) -> None:
    output_files.check_outputs_in(directory, *FILMS, TRUTH)


def _write_films(arguments: argparse.Namespace, normal: Conveyor, test: Conveyor) -> str:
    """Writes both videos and truth.json; returns a summary."""
    if arguments.clips is not None:
        raise UserError(f"clips={arguments.clips}: films are not cut; leave it out or give --layout=ucsd")
    films = {name: (film, film.frames) for name, film in zip(FILMS, (normal, test), strict=True)}
    write_world(
        arguments.output,
        _frames(films),
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
    """Writes both videos in UCSD's layout; returns a summary."""
    clips = CLIPS if arguments.clips is None else arguments.clips
    check_range("clips", clips, 1, min(normal.frames, test.frames))
    films = {"Train": normal, "Test": test}
    lengths = {part: film.frames // clips for part, film in films.items()}
    frames = _frames({part: (film, clips * lengths[part]) for part, film in films.items()})
    write_ucsd(
        arguments.output,
        "conveyor",
        *frames.values(),
        functools.partial(mask, test),
        clips=clips,
        normal_length=lengths["Train"],
        test_length=lengths["Test"],
        truth=truth(test, {**_world(arguments), "layout": "ucsd", "clips": clips}),
    )
    rest = {part: film.frames % clips for part, film in films.items()}
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
    """The arguments that determine the content of the videos."""
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
        help="created if necessary; videos of the same names are replaced",
    )
    parser.add_argument("--minutes", type=float, default=4.0, help="length of the video without defects")
    parser.add_argument("--test_minutes", type=float, default=4.0, help="length of the video with defects")
    parser.add_argument("--seed", type=int, default=0, help="determines all content")
    parser.add_argument("--height", type=int, default=96, help="pixels")
    parser.add_argument("--width", type=int, default=160, help="pixels")
    parser.add_argument("--rate", type=int, default=15, help="frames per second")
    parser.add_argument(
        "--defects",
        type=int,
        default=12,
        help="number in the test video; the six kinds alternate in random order",
    )
    parser.add_argument(
        "--products",
        type=int,
        default=5,
        help="number of kinds of parts, 1 to 5, in random order; 1: only plates",
    )
    parser.add_argument(
        "--layout",
        choices=("films", "ucsd"),
        default="films",
        help="two videos, or folders of images, labels and masks in the layout of the UCSD data set",
    )
    parser.add_argument("--clips", type=int, help=f"clips per video, for --layout=ucsd; default: {CLIPS}")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
