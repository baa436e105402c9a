"""UCSD Ped1 and Ped2 as published: folders of images, and ranges of frames in one MATLAB script.

DIR/Train/Train001/001.tif      normal footage
DIR/Test/Test001/001.tif        test clips
DIR/Test/UCSDped1.m             one line per test clip: its anomalous frames, counted from 1
DIR/Test/Test001_gt/001.bmp     masks: for all clips of Ped2, for ten of Ped1
"""

import pathlib
import re

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import labelled_set, masks
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import files_in
from vpn_anomaly.errors import UserError

LAYOUT = Layout(
    "UCSD Ped1 or Ped2",
    "Train/*/ with images, Test/*/ with images and one Test/*.m",
    ("Train", "Test"),
)
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


def test_sources(folder: pathlib.Path) -> list[str]:
    """The folders of the test clips, in natural order. UserError if there are none."""
    found = labelled_set.clip_folders(folder / "Test")
    if not found:
        raise LAYOUT.error(folder, "clip in Test/")
    return list(map(str, found))


def test_clips(folder: pathlib.Path, limit: MemoryLimit | None = None) -> list[LabelledClip]:
    """The test clips, in natural order. Ignores other files beside them.

    Raises:
      UserError: the layout is another one, labels, images and masks are inconsistent, or labels exceed
        the memory limit (None: the default).
    """
    found = test_sources(folder)
    label_file = _label_file(folder)
    limit = limit or memory_limit.for_footage()
    ranges = _read_ranges(label_file, limit)
    labelled_set.check_clip_count(label_file, len(ranges), folder / "Test", len(found))
    return [_clip(pathlib.Path(clip), of, label_file, limit) for clip, of in zip(found, ranges, strict=True)]


check_layout = labelled_set.layout_check(training_sources, test_clips)


def _clip(
    clip: pathlib.Path, ranges: list[tuple[int, int]], label_file: pathlib.Path, limit: MemoryLimit
) -> LabelledClip:
    images = labelled_set.labelled_images(clip)
    labelled_set.check_first(images[0])
    label_T = labelled_set.range_labels(ranges, len(images), label_file, clip)
    mask_folder = clip.with_name(clip.name + labelled_set.MASK_SUFFIX)
    read_masks = masks.from_images(mask_folder, clip, len(images), limit)
    return LabelledClip(clip.name, str(clip), label_T, str(mask_folder), read_masks)


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
