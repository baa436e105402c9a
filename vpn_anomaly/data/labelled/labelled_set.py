"""Labelled clips, and what the readers of published sets share: listing and checking their folders."""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterable

import numpy as np

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.image_folder import gaps, shortened
from vpn_anomaly.data.video.sources import VIDEOS, files_in, folders_in, image_files
from vpn_anomaly.errors import UserError

MASK_SUFFIX = "_gt"  # of a folder of masks, after the name of its clip
ReadMasks = Callable[[], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledClip:
    """A labelled test clip.

    Attributes:
      name: "Test001", "01", "01_0014".
      source: a video or a folder of images, for `vpn_anomaly.data.video.open_video.open_video`.
      label_T: bool (T,), which frames are anomalous.
      mask_place: path where its masks are, or would be.
      read_masks: returns bool (T, H, W), which pixels are anomalous, in the size of the frames on
        disk; raises UserError if they cannot be read. None: the clip has no masks.
    """

    name: str
    source: str
    label_T: np.ndarray
    mask_place: str
    read_masks: ReadMasks | None


def folders(parent: pathlib.Path) -> list[pathlib.Path]:
    """The subfolders except hidden ones, in natural order; none if `parent` is not a folder."""
    return folders_in(parent) if parent.is_dir() else []


def clip_folders(parent: pathlib.Path) -> list[pathlib.Path]:
    """The subfolders of test clips, in natural order: those that hold no masks."""
    return [path for path in folders(parent) if not path.name.endswith(MASK_SUFFIX)]


def videos(folder: pathlib.Path) -> list[pathlib.Path]:
    """The videos in the folder, in natural order; none if it is not a folder.

    Raises:
      UserError: two have the same name and different extensions.
    """
    files = files_in(folder) if folder.is_dir() else []
    found = [path for path in files if path.suffix.lower() in VIDEOS]
    _check_names_differ(found)
    return found


def images(folder: pathlib.Path) -> list[pathlib.Path]:
    """The images of a clip, in natural order.

    Raises:
      UserError: there are none.
    """
    found = image_files(str(folder))
    if not found:
        raise UserError(f"{folder}: no images in it; copy this clip from the published set again")
    return found


def labelled_images(folder: pathlib.Path) -> list[pathlib.Path]:
    """The images of a clip whose labels refer to their order, in natural order.

    Raises:
      UserError: there are none, numbers are missing among them, or two have the same name.
    """
    found = images(folder)
    _check_names_differ(found)
    missing = gaps([path.stem for path in found])
    if missing:
        raise UserError(
            f"{folder}: images are missing by their numbers ({shortened(missing)}), so"
            " the labels would shift; copy them from the published set"
        )
    return found


def range_labels(
    ranges: Iterable[tuple[int, int]], frames: int, place: pathlib.Path, clip: pathlib.Path
) -> np.ndarray:
    """The labels of a clip, bool (frames,), from its ranges of anomalous frames.

    Args:
      ranges: first and last frame of each, counted from 1.
      place: the file that has them.

    Raises:
      UserError: a range is reversed, or beyond the clip.
    """
    label_T = np.zeros(frames, bool)
    for first, last in ranges:
        if not 1 <= first <= last <= frames:
            raise UserError(
                f"{place}: frames {first}:{last} of {clip.name}, which has frames"
                f" 1:{frames}; copy both from the published set"
            )
        label_T[first - 1 : last] = True
    return label_T


def layout_check(
    training_sources: Callable[[pathlib.Path], list[str]],
    test_clips: Callable[[pathlib.Path, MemoryLimit | None], list[LabelledClip]],
) -> Callable[..., None]:
    """The `check_layout` of a reader whose `test_clips` decodes nothing."""

    def check_layout(folder: pathlib.Path, limit: MemoryLimit | None = None) -> None:
        """Raises UserError if training clips, test clips or labels are missing or inconsistent."""
        training_sources(folder)
        test_clips(folder, limit)

    return check_layout


def check_first(image: pathlib.Path) -> None:
    """Raises UserError if the numbers of a clip's images start above 1."""
    number = re.search(r"(\d+)$", image.stem)
    if number and int(number[1]) > 1:
        raise UserError(
            f"{image.parent}: the first image is {image.name}: those before it are missing, so the"
            " labels would shift; copy them from the published set"
        )


def check_one_size(source: str) -> None:
    """Raises UserError if the source is a folder of images that, by their headers, differ in size.

    Images without a readable header pass: they are frames that cannot be decoded, which is reported then.
    """
    first: dict[tuple[int, int], pathlib.Path] = {}
    for path in image_files(source):
        size = picture_size.image_size(path)
        if size is not None:
            first.setdefault(size, path)
        if len(first) > 1:
            found = " and ".join(f"{path.name} {width}x{height}" for (height, width), path in first.items())
            raise UserError(
                f"{source}: images of different sizes, {found} pixels; copy this clip from the"
                " published set again"
            )


def check_count(place: pathlib.Path, count: int, kind: str, source: pathlib.Path, frames: int) -> None:
    """Raises UserError, naming both counts, unless there are as many labels or masks as frames."""
    if count != frames:
        raise UserError(
            f"{place}: {count} {kind}, but {source} has {frames} frames; copy both from the published set"
        )


def check_clip_count(place: pathlib.Path, count: int, source: pathlib.Path, clips: int) -> None:
    """Raises UserError, naming both counts, unless a file has labels of as many clips as there are."""
    if count != clips:
        raise UserError(
            f"{place}: labels of {count} clips, but {source} has {clips}; copy both from the published set"
        )


def _check_names_differ(paths: list[pathlib.Path]) -> None:
    first = {}
    for path in paths:
        other = first.setdefault(path.stem, path)
        if other is not path:
            raise UserError(
                f"{path.parent}: {other.name} and {path.name} have the same name; keep one of them"
            )
