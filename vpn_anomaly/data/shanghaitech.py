"""ShanghaiTech Campus as it is published: videos to train on, folders of frames to test on.

    DIR/training/videos/01_001.avi              normal footage, or training/frames/01_001/*.jpg
    DIR/testing/frames/01_0014/000.jpg          test clips
    DIR/testing/test_frame_mask/01_0014.npy     which frames are anomalous, (T,)
    DIR/testing/test_pixel_mask/01_0014.npy     which pixels are, (T, H, W); a clip may lack it
"""

import functools
import pathlib

import numpy as np

from vpn_anomaly.data import labelled_set
from vpn_anomaly.data.labelled_set import LabelledClip
from vpn_anomaly.errors import UserError

LAYOUT = labelled_set.Layout(
    "ShanghaiTech", "training/videos/*.avi or training/frames/*/ with images, testing/frames/*/ with"
    " images and testing/test_frame_mask/*.npy", ("training", "testing"),
)


def training_sources(folder: pathlib.Path) -> list[str]:
    """The training clips, in natural order: the videos, or folders of frames where there are none.

    Raises:
      UserError: there is neither.
    """
    found = labelled_set.videos(folder / "training/videos")
    if not found:
        found = labelled_set.folders(folder / "training/frames")
        for clip in found:
            labelled_set.images(clip)
    if not found:
        raise LAYOUT.error(folder, "video in training/videos/ and no folder in training/frames/")
    return list(map(str, found))


def test_clips(folder: pathlib.Path) -> list[LabelledClip]:
    """The test clips, in natural order.

    Raises:
      UserError: it is another layout, or labels, images and masks do not agree.
    """
    found = labelled_set.folders(folder / "testing/frames")
    if not found:
        raise LAYOUT.error(folder, "folder in testing/frames/")
    if not (folder / "testing/test_frame_mask").is_dir():
        raise LAYOUT.error(folder, "testing/test_frame_mask folder")
    return [_clip(clip, folder / "testing") for clip in found]


def _clip(clip: pathlib.Path, testing: pathlib.Path) -> LabelledClip:
    frames = len(labelled_set.labelled_images(clip))
    label_file = testing / "test_frame_mask" / f"{clip.name}.npy"
    mask_file = testing / "test_pixel_mask" / f"{clip.name}.npy"
    if not label_file.is_file():
        raise UserError(f"{label_file}: the labels of {clip} are missing; copy them from the published"
                        " set")
    label_T = _read_array(label_file, "(T,)", 1) != 0
    labelled_set.check_count(label_file, len(label_T), "labels", clip, frames)
    read_masks = None
    if mask_file.is_file():
        count = len(_read_array(mask_file, "(T, H, W)", 3))
        labelled_set.check_count(mask_file, count, "masks", clip, frames)
        read_masks = functools.partial(_read_masks, mask_file)
    return LabelledClip(clip.name, str(clip), label_T, str(mask_file), read_masks)


def _read_masks(path: pathlib.Path) -> np.ndarray:
    return _read_array(path, "(T, H, W)", 3) != 0


def _read_array(path: pathlib.Path, shape: str, axes: int) -> np.ndarray:
    """The numbers in a .npy, memory-mapped. UserError where it has not so many axes."""
    needed = f"needed is a .npy of 0 and 1, {shape}"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {needed}") from error
    except Exception as error:  # damage surfaces as several types: value, token, end of file …
        raise UserError(f"{path}: not a .npy, truncated or damaged; {needed}") from error
    if not isinstance(array, np.ndarray) or array.ndim != axes or array.dtype.kind not in "biuf":
        given = f"{array.dtype}{list(array.shape)}" if isinstance(array, np.ndarray) else "several arrays"
        raise UserError(f"{path}: {given} in it; {needed}")
    return array
