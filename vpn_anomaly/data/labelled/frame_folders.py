"""Ped1, Ped2 and Avenue as ano_pred, MNAD, HF2-VAD and astnet pass them on: folders of frames.

DIR/training/frames/01/000.jpg     normal footage
DIR/testing/frames/01/000.jpg      test clips
DIR/NAME.mat                       labels, or DIR/frame_labels_NAME.npy (see `frame_labels`)
DIR/pixel_masks/01.npy             masks (T, H, W), or DIR/testing/test_pixel_mask/01.npy, or a folder
                                   of images DIR/testing/frames/01_gt/; optional
"""

import pathlib

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import frame_labels, labelled_set, masks
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.data.memory_limit import MemoryLimit

LAYOUT = Layout(
    "a set of frame folders",
    "training/frames/*/ with images, testing/frames/*/ with images and NAME.mat or frame_labels_NAME.npy",
    ("training/frames", "testing/frames"),
    without=("testing/test_frame_mask",),  # ShanghaiTech
    form="as ano_pred, MNAD, HF2-VAD and astnet pass it on",
)
MASK_FOLDERS = ("pixel_masks", "testing/test_pixel_mask")


def training_sources(folder: pathlib.Path) -> list[str]:
    """The folders of the training clips, in natural order. UserError if there are none."""
    found = labelled_set.folders(folder / "training/frames")
    if not found:
        raise LAYOUT.error(folder, "folder in training/frames/")
    for clip in found:
        labelled_set.images(clip)
    return list(map(str, found))


def test_sources(folder: pathlib.Path) -> list[str]:
    """The folders of the test clips, in natural order. UserError if there are none."""
    found = labelled_set.clip_folders(folder / "testing/frames")
    if not found:
        raise LAYOUT.error(folder, "folder in testing/frames/")
    return list(map(str, found))


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test clips, in natural order. Ignores other files and folders beside them.

    Raises:
      UserError: the layout is another one, labels, images and masks are inconsistent, or labels exceed
        the memory limit (None: the default).
    """
    clips = [pathlib.Path(source) for source in test_sources(folder)]
    label_files = frame_labels.label_files(folder)
    if not label_files:
        raise LAYOUT.error(folder, "NAME.mat and no frame_labels_NAME.npy in it or in testing/")
    limit = limit or memory_limit.for_footage()
    frames = {clip.name: _count(clip) for clip in clips}
    labels = frame_labels.read_labels(label_files, folder / "testing/frames", frames, limit)
    return [_clip(folder, *one, limit) for one in zip(clips, labels, strict=True)]


check_layout = labelled_set.layout_check(training_sources, test_clips)


def _count(clip: pathlib.Path) -> int:
    images = labelled_set.labelled_images(clip)
    labelled_set.check_first(images[0])
    return len(images)


def _clip(folder: pathlib.Path, clip: pathlib.Path, label_T, limit: MemoryLimit) -> LabelledClip:
    arrays = [folder / place / f"{clip.name}.npy" for place in MASK_FOLDERS]
    images = clip.with_name(clip.name + labelled_set.MASK_SUFFIX)
    if images.is_dir():
        place, read_masks = images, masks.from_images(images, clip, len(label_T), limit)
    else:
        place = next(filter(pathlib.Path.is_file, arrays), arrays[0])
        read_masks = masks.from_array(place, clip, len(label_T), limit)
    return LabelledClip(clip.name, str(clip), label_T, str(place), read_masks)
