"""Labelled clips, and what the readers of published sets share: listing and checking their folders."""

import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np

from vpn_anomaly.data.video.image_folder import gaps, shortened
from vpn_anomaly.data.video.sources import VIDEOS, files_in, folders_in, image_files
from vpn_anomaly.errors import UserError


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
    read_masks: Callable[[], np.ndarray] | None


def folders(parent: pathlib.Path) -> list[pathlib.Path]:
    """The subfolders except hidden ones, in natural order; none if `parent` is not a folder."""
    return folders_in(parent) if parent.is_dir() else []


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


def check_count(place: pathlib.Path, count: int, kind: str, source: pathlib.Path, frames: int) -> None:
    """Raises UserError, naming both counts, unless there are as many labels or masks as frames."""
    if count != frames:
        raise UserError(
            f"{place}: {count} {kind}, but {source} has {frames} frames; copy both from the published set"
        )


def _check_names_differ(paths: list[pathlib.Path]) -> None:
    first = {}
    for path in paths:
        other = first.setdefault(path.stem, path)
        if other is not path:
            raise UserError(
                f"{path.parent}: {other.name} and {path.name} have the same name; keep one of them"
            )
