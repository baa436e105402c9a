"""Splits a video from a static camera into a half for training and a half with synthetic anomalies.

    python -m experiments.synthetic.footage --input=VIDEO --output=DIR [--height=192] [--width=256]
        [--changes=6] [--seed=0]

    DIR/normal.mkv    the first half, unmodified
    DIR/test.mkv      the second half with changes: a moving object disappears, is upside down or is
                      scratched, a foreign object crosses, or the video freezes or runs backwards
    DIR/truth.json    the arguments, rate and number of frames of test.mkv, and every change: its kind,
                      first and end frame, and a bounding box [top, left, bottom, right] per frame

Frames are converted to greyscale, scaled down to at most the given size (keeping their aspect ratio), and
written losslessly. experiments/watch_score.py evaluates the output of --mode=watch against the ground truth.
"""

import dataclasses
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from experiments.synthetic.footage_world.changes import changed_footage
from experiments.synthetic.world_files import TRUTH, write_world
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.files import output_files
from vpn_anomaly.storage import overwriting

VIDEOS = ("normal.mkv", "test.mkv")


def read_frames(path: str, height: int, width: int) -> tuple[np.ndarray, int]:
    """All frames, uint8 (T, H, W), and the rounded frame rate."""
    settings = VideoSettings(height, width)
    with open_video(path, settings) as video:
        rate = max(1, round(video.rate or settings.frame_rate))
        return np.stack([frame.image[..., 0] for frame in video]), rate


def _check_output(directory: pathlib.Path, source: str) -> None:
    """Raises UserError if the files cannot be written, would replace the input, or would become part of it."""
    outputs = {f"{directory / name} of --output": directory / name for name in (*VIDEOS, TRUTH)}
    overwriting.check_not_overwritten(outputs, [overwriting.Footage(f"--input={source}", source)])
    output_files.check_outputs_in(directory, *VIDEOS, TRUTH)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes both videos and the ground truth. Exit code 2: an error."""
    parser = Parser("synthetic.footage", __doc__)
    parser.add_argument("--input", required=True, type=lambda text: str(file_path(text)), metavar="VIDEO")
    parser.add_argument(
        "--output",
        required=True,
        type=file_path,
        metavar="DIR",
        help="created if necessary; files of the same names are replaced",
    )
    parser.add_argument("--height", type=int, default=192, help="maximum, pixels")
    parser.add_argument("--width", type=int, default=256, help="maximum, pixels")
    parser.add_argument("--changes", type=int, default=6, help="number of changes; the six kinds alternate")
    parser.add_argument("--seed", type=int, default=0, help="determines the paths of foreign objects")
    arguments = vars(parser.parse_args(argv))
    directory = arguments.pop("output")
    _check_output(directory, arguments["input"])
    frame_TxHxW, rate = read_frames(arguments["input"], arguments["height"], arguments["width"])
    half, (height, width) = len(frame_TxHxW) // 2, frame_TxHxW.shape[1:]
    changed, defects = changed_footage(frame_TxHxW[half:], rate, arguments["changes"], arguments["seed"])
    videos = dict(zip(VIDEOS, (frame_TxHxW[:half], changed), strict=True))
    truth = {
        **arguments,
        "rate": rate,
        "frames": len(changed),
        "defects": [dataclasses.asdict(defect) for defect in defects],
    }
    write_world(directory, videos, truth, height=height, width=width, rate=rate)
    print(f"{directory}: normal.mkv {half} frames, test.mkv with {len(defects)} changes, truth.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
