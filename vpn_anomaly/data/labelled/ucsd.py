"""UCSD Ped1 and Ped2 as published: folders of images, and ranges of frames in one MATLAB script.

DIR/Train/Train001/001.tif      normal footage
DIR/Test/Test001/001.tif        test clips
DIR/Test/UCSDped1.m             one line per test clip: its anomalous frames, counted from 1
DIR/Test/Test001_gt/001.bmp     masks: for all clips of Ped2, for ten of Ped1
"""

import functools
import pathlib
import re

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import labelled_set
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import files_in, image_files
from vpn_anomaly.errors import UserError

LAYOUT = Layout(
    "UCSD Ped1 or Ped2",
    "Train/*/ with images, Test/*/ with images and one Test/*.m",
    ("Train", "Test"),
)
MASKS = "_gt"  # suffix of a mask folder, after the name of its clip
LEAST_ANOMALOUS = 128  # mask values are 0 and 255
BYTES_PER_CHARACTER = 200  # upper bound for the memory of the label file
# No adjacent parts of a pattern match the same characters, so matching takes linear time.
_ASSIGNED = re.compile(r"TestVideoFile\s*\{\s*end\s*\+\s*1\s*\}\s*\.\s*gt_frame\s*=")
_BARE = re.compile(r"[0-9][0-9\s:]*")
_BEGUN = re.compile(r"TestVideoFile\s*=\s*\{\s*\}\s*;?")
_RANGE = re.compile(r"([0-9]{1,9})(?::([0-9]{1,9}))?")


def training_sources(folder: pathlib.Path) -> list[str]:
    """The folders of the training clips, in natural order. UserError if there are none."""
    found = labelled_set.folders(folder / "Train")
    if not found:
        raise LAYOUT.error(folder, "folder in Train/")
    for clip in found:
        labelled_set.images(clip)
    return list(map(str, found))


def check_layout(folder: pathlib.Path, limit: MemoryLimit | None = None) -> None:
    """Raises UserError if training clips, test clips or labels are missing or inconsistent."""
    training_sources(folder)
    test_clips(folder, limit)


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test clips, in natural order. Ignores other files beside them.

    Raises:
      UserError: the layout is another one, labels, images and masks are inconsistent, or labels exceed
        the memory limit (None: the default).
    """
    found = [path for path in labelled_set.folders(folder / "Test") if not path.name.endswith(MASKS)]
    if not found:
        raise LAYOUT.error(folder, "clip in Test/")
    label_file = _label_file(folder)
    limit = limit or memory_limit.for_footage()
    ranges = _read_ranges(label_file, limit)
    if len(ranges) != len(found):
        raise UserError(
            f"{label_file}: labels of {len(ranges)} clips, but {folder / 'Test'} has"
            f" {len(found)}; copy both from the published set"
        )
    return [_clip(*pair, label_file, limit) for pair in zip(found, ranges, strict=True)]


def _clip(
    clip: pathlib.Path, ranges: list[tuple[int, int]], label_file: pathlib.Path, limit: MemoryLimit
) -> LabelledClip:
    images = labelled_set.labelled_images(clip)
    _check_first(images[0])
    frames = len(images)
    label_T = np.zeros(frames, bool)
    for first, last in ranges:
        if not 1 <= first <= last <= frames:
            raise UserError(
                f"{label_file}: frames {first}:{last} of {clip.name}, which has frames"
                f" 1:{frames}; copy both from the published set"
            )
        label_T[first - 1 : last] = True
    mask_folder = clip.with_name(clip.name + MASKS)
    read_masks = None
    if mask_folder.is_dir():
        labelled_set.check_count(mask_folder, len(image_files(str(mask_folder))), "masks", clip, frames)
        read_masks = functools.partial(_read_masks, labelled_set.labelled_images(mask_folder), limit)
    return LabelledClip(clip.name, str(clip), label_T, str(mask_folder), read_masks)


def _check_first(image: pathlib.Path) -> None:
    """Raises UserError if the numbers of a clip's images start above 1."""
    number = re.search(r"(\d+)$", image.stem)
    if number and int(number[1]) > 1:
        raise UserError(
            f"{image.parent}: the first image is {image.name}: those before it are missing, so the"
            " labels would shift; copy them from the published set"
        )


def _label_file(folder: pathlib.Path) -> pathlib.Path:
    found = [path for path in files_in(folder / "Test") if path.suffix == ".m"]
    if not found:
        raise LAYOUT.error(folder, "Test/*.m")
    if len(found) > 1:
        names = shortened([path.name for path in found])
        raise UserError(f"{folder / 'Test'}: {len(found)} files of labels ({names}); keep one of them")
    return found[0]


def _read_ranges(path: pathlib.Path, limit: MemoryLimit) -> list[list[tuple[int, int]]]:
    """Per clip, its ranges of anomalous frames: first and last, counted from 1."""
    try:
        limit.check(path, BYTES_PER_CHARACTER * path.stat().st_size, "the text")
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a file that can") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("%")[0].strip()
        if not line or _BEGUN.fullmatch(line):
            continue
        assigned = _ASSIGNED.match(line)
        ranges = _ranges(line[assigned.end() :]) if assigned else None
        if ranges is None:
            raise UserError(
                f"{path}: line {number} is {line[:80]!r}; expected one line per clip such as"
                " TestVideoFile{end+1}.gt_frame = [5:90, 140:200];"
            )
        found.append(ranges)
    return found


def _ranges(text: str) -> list[tuple[int, int]] | None:
    """The ranges in "[5:90, 140:200];"; a single number is a range of one. None for other text."""
    text = text.strip().removesuffix(";").rstrip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    elif not _BARE.fullmatch(text):
        return None
    text = " ".join(text.split()).replace(" :", ":").replace(": ", ":")
    matches = [_RANGE.fullmatch(piece) for piece in re.split(r"[\s,;]+", text) if piece]
    if not all(matches):
        return None
    return [(int(match[1]), int(match[2] or match[1])) for match in matches]


def _read_masks(paths: list[pathlib.Path], limit: MemoryLimit) -> np.ndarray:
    """The masks of a clip, bool (T, H, W)."""
    _check_sizes(paths, limit)
    masks = [_read_mask(path) for path in paths]
    for path, mask_HxW in zip(paths, masks, strict=True):
        if mask_HxW.shape != masks[0].shape:
            sizes = [f"{width}x{height}" for height, width in (mask_HxW.shape, masks[0].shape)]
            raise UserError(
                f"{path}: a mask of {sizes[0]}, but {paths[0].name} has {sizes[1]}; copy it"
                " from the published set"
            )
    return np.stack(masks)


def _check_sizes(paths: list[pathlib.Path], limit: MemoryLimit) -> None:
    """Raises UserError if the masks, according to their headers, exceed the memory limit."""
    taken = 0
    for path in paths:
        height, width = picture_size.image_size(path) or (0, 0)
        picture_size.check(path, height, width, limit)
        taken += height * width
    limit.check(paths[0].parent, taken, "the masks in it")


def _read_mask(path: pathlib.Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) >= LEAST_ANOMALOUS
    except Exception as error:  # damage raises several types: struct, value, operating system …
        raise UserError(f"{path}: this mask cannot be read; copy it from the published set") from error
