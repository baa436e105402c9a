"""ShanghaiTech Campus as published: training videos, and test clips as folders of frames.

DIR/training/videos/01_001.avi              normal footage, or training/frames/01_001/*.jpg
DIR/testing/frames/01_0014/000.jpg          test clips
DIR/testing/test_frame_mask/01_0014.npy     which frames are anomalous, (T,)
DIR/testing/test_pixel_mask/01_0014.npy     which pixels are, (T, H, W); optional
"""

import pathlib

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import labelled_set, masks
from vpn_anomaly.data.labelled.label_arrays import map_label_array
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


def test_sources(folder: pathlib.Path) -> list[str]:
    """The folders of the test clips, in natural order. UserError if there are none."""
    found = labelled_set.folders(folder / "testing/frames")
    if not found:
        raise LAYOUT.error(folder, "folder in testing/frames/")
    return list(map(str, found))


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test clips, in natural order.

    Raises:
      UserError: the layout is another one, labels, images and masks are inconsistent, or masks exceed
        the memory limit (None: the default).
    """
    found = test_sources(folder)
    if not (folder / "testing/test_frame_mask").is_dir():
        raise LAYOUT.error(folder, "testing/test_frame_mask folder")
    limit = limit or memory_limit.for_footage()
    return [_clip(pathlib.Path(clip), folder / "testing", limit) for clip in found]


check_layout = labelled_set.layout_check(training_sources, test_clips)


def _clip(clip: pathlib.Path, testing: pathlib.Path, limit: MemoryLimit) -> LabelledClip:
    frames = len(labelled_set.labelled_images(clip))
    label_file = testing / "test_frame_mask" / f"{clip.name}.npy"
    mask_file = testing / "test_pixel_mask" / f"{clip.name}.npy"
    if not label_file.is_file():
        raise UserError(f"{label_file}: the labels of {clip} are missing; copy them from the published set")
    label_T = map_label_array(label_file, (1,), "(T,)", limit) != 0
    labelled_set.check_count(label_file, len(label_T), "labels", clip, frames)
    read_masks = masks.from_array(mask_file, clip, frames, limit)
    return LabelledClip(clip.name, str(clip), label_T, str(mask_file), read_masks)
