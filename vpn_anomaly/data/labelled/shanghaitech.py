"""ShanghaiTech Campus as published: training videos, and test clips as folders of frames.

DIR/training/videos/01_001.avi              normal footage, or training/frames/01_001/*.jpg
DIR/testing/frames/01_0014/000.jpg          test clips
DIR/testing/test_frame_mask/01_0014.npy     which frames are anomalous, (T,)
DIR/testing/test_pixel_mask/01_0014.npy     which pixels are, (T, H, W); optional
"""

import functools
import math
import pathlib

import numpy as np

from vpn_anomaly.data import array_files, memory_limit
from vpn_anomaly.data.labelled import labelled_set
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.errors import UserError

LAYOUT = Layout(
    "ShanghaiTech",
    "training/videos/*.avi or training/frames/*/ with images, testing/frames/*/ with"
    " images and testing/test_frame_mask/*.npy",
    ("training", "testing/frames", "testing/test_frame_mask"),
)


def training_sources(folder: pathlib.Path) -> list[str]:
    """The training clips, in natural order: the videos, or folders of frames if there are none.

    Raises:
      UserError: there are neither.
    """
    found = labelled_set.videos(folder / "training/videos")
    if not found:
        found = labelled_set.folders(folder / "training/frames")
        for clip in found:
            labelled_set.images(clip)
    if not found:
        raise LAYOUT.error(folder, "video in training/videos/ and no folder in training/frames/")
    return list(map(str, found))


def check_layout(folder: pathlib.Path, limit: MemoryLimit | None = None) -> None:
    """Raises UserError if training clips, test clips or labels are missing or inconsistent."""
    training_sources(folder)
    test_clips(folder, limit)


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test clips, in natural order.

    Raises:
      UserError: the layout is another one, labels, images and masks are inconsistent, or masks exceed
        the memory limit (None: the default).
    """
    found = labelled_set.folders(folder / "testing/frames")
    if not found:
        raise LAYOUT.error(folder, "folder in testing/frames/")
    if not (folder / "testing/test_frame_mask").is_dir():
        raise LAYOUT.error(folder, "testing/test_frame_mask folder")
    limit = limit or memory_limit.for_footage()
    return [_clip(clip, folder / "testing", limit) for clip in found]


def _clip(clip: pathlib.Path, testing: pathlib.Path, limit: MemoryLimit) -> LabelledClip:
    frames = len(labelled_set.labelled_images(clip))
    label_file = testing / "test_frame_mask" / f"{clip.name}.npy"
    mask_file = testing / "test_pixel_mask" / f"{clip.name}.npy"
    if not label_file.is_file():
        raise UserError(f"{label_file}: the labels of {clip} are missing; copy them from the published set")
    label_T = _read_array(label_file, "(T,)", 1, limit) != 0
    labelled_set.check_count(label_file, len(label_T), "labels", clip, frames)
    read_masks = None
    if mask_file.is_file():
        count = len(_read_array(mask_file, "(T, H, W)", 3, limit))
        labelled_set.check_count(mask_file, count, "masks", clip, frames)
        read_masks = functools.partial(_read_masks, mask_file, limit)
    return LabelledClip(clip.name, str(clip), label_T, str(mask_file), read_masks)


def _read_masks(path: pathlib.Path, limit: MemoryLimit) -> np.ndarray:
    return _read_array(path, "(T, H, W)", 3, limit) != 0


def _read_array(path: pathlib.Path, shape: str, axes: int, limit: MemoryLimit) -> np.ndarray:
    """The array in a .npy file, memory-mapped.

    UserError if it does not have `axes` axes, or exceeds the limit as bytes of 0 and 1.
    """
    needed = f"expected a .npy of 0 and 1, {shape}"

    def check(header: array_files.Header) -> None:
        if len(header.shape) != axes or header.dtype.kind not in "biuf":
            raise UserError(f"{path}: {header.dtype}{list(header.shape)} in it; {needed}")
        limit.check(path, math.prod(header.shape), "the array in it")

    try:
        return array_files.map_array(path, check)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {needed}") from error
    except array_files.SeveralArrays as error:
        raise UserError(f"{path}: several arrays in it; {needed}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a .npy, truncated or damaged; {needed}") from error
