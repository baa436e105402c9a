"""CUHK Avenue as published: videos, and a MATLAB file of masks per test video.

DIR/training_videos/01.avi                                normal footage
DIR/testing_videos/01.avi                                 test clips
DIR/ground_truth_demo/testing_label_mask/1_label.mat      their masks, or in DIR/testing_label_mask/
"""

import functools
import pathlib
import re

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import labelled_set, matlab_file
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

LAYOUT = Layout(
    "CUHK Avenue",
    "training_videos/*.avi, testing_videos/*.avi (or videos of another kind) and"
    " ground_truth_demo/testing_label_mask/*_label.mat",
    ("training_videos", "testing_videos"),
)
LABEL_FOLDERS = ("ground_truth_demo/testing_label_mask", "testing_label_mask")
VARIABLE = "volLabel"
NEEDED = f"expected a MATLAB file with {VARIABLE}, a cell for every frame that holds a matrix of 0 and 1"


def training_sources(folder: pathlib.Path) -> list[str]:
    """The training videos, in natural order. UserError if there are none."""
    return list(map(str, _videos(folder, "training_videos")))


def test_sources(folder: pathlib.Path) -> list[str]:
    """The test videos, in natural order. UserError if there are none."""
    return list(map(str, _videos(folder, "testing_videos")))


def check_layout(folder: pathlib.Path, limit: MemoryLimit | None = None) -> None:
    """Raises UserError if training videos, test videos or labels are missing; decodes nothing."""
    training_sources(folder)
    _labelled_videos(folder)


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test videos, in natural order. A frame is anomalous if any pixel of its mask is.

    Reads all labels and decodes all test videos once, one file at a time.

    Raises:
      UserError: the layout is another one, or labels are missing, unreadable, larger than the memory
        limit (None: the default), or not as many as the video's frames.
    """
    limit = limit or memory_limit.for_footage()
    return [_clip(*pair, limit) for pair in _labelled_videos(folder)]


def _labelled_videos(folder: pathlib.Path) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """The test videos, each with its label file."""
    found = _videos(folder, "testing_videos")
    labels = next((folder / place for place in LABEL_FOLDERS if (folder / place).is_dir()), None)
    if labels is None:
        raise LAYOUT.error(folder, f"{' and no '.join(LABEL_FOLDERS)} folder")
    return [(path, _label_file(path, labels)) for path in found]


def _videos(folder: pathlib.Path, name: str) -> list[pathlib.Path]:
    found = labelled_set.videos(folder / name)
    if not found:
        raise LAYOUT.error(folder, f"video in {name}/")
    return found


def _label_file(video: pathlib.Path, labels: pathlib.Path) -> pathlib.Path:
    numbers = re.findall(r"\d+", video.stem)
    if not numbers:
        raise UserError(
            f"{video}: no number in its name; test videos are 01.avi, 02.avi …, and labels"
            " are found by the number"
        )
    path = labels / f"{int(numbers[-1])}_label.mat"
    if not path.is_file():
        raise UserError(f"{path}: the labels of {video} are missing; copy them from the published set")
    return path


def _clip(video: pathlib.Path, path: pathlib.Path, limit: MemoryLimit) -> LabelledClip:
    label_T = np.array([mask_HxW.any() for mask_HxW in _cells(path, limit)], bool)
    labelled_set.check_count(path, len(label_T), "labels", video, _frame_count(video, limit))
    return LabelledClip(
        video.stem, str(video), label_T, str(path), functools.partial(_read_masks, path, limit)
    )


def _frame_count(video: pathlib.Path, limit: MemoryLimit) -> int:
    """Counted by decoding: a header may be wrong, and does not show that a file is truncated."""
    with open_video(str(video), VideoSettings(height=1, max_gigabytes=limit.gigabytes)) as opened:
        return 1 + max(frame.index for frame in opened)


def _read_masks(path: pathlib.Path, limit: MemoryLimit) -> np.ndarray:
    """The masks of a file, bool (T, H, W)."""
    cell_T = _cells(path, limit)
    mask_TxHxW = np.empty((len(cell_T), *cell_T[0].shape), bool)
    for number, mask_HxW in enumerate(cell_T):
        np.not_equal(mask_HxW, 0, out=mask_TxHxW[number])
    return mask_TxHxW


def _cells(path: pathlib.Path, limit: MemoryLimit) -> np.ndarray:
    """The masks of a file as stored: objects (T,), each a matrix (H, W) of numbers."""
    cell_T = matlab_file.read_cells(path, VARIABLE, limit, NEEDED).ravel()
    for number, cell in enumerate(cell_T, 1):
        if cell.shape != cell_T[0].shape:
            raise UserError(
                f"{path}: cell {number} of {VARIABLE} is {list(cell.shape)}, the first"
                f" {list(cell_T[0].shape)}; {NEEDED}"
            )
    return cell_T
