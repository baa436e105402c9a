"""Masks of anomalous pixels, as the sets store them: a folder of images per clip, or a .npy per clip.

Their number is checked at once; they are read when they are needed.
"""

import functools
import pathlib

import numpy as np

from vpn_anomaly.data.labelled import labelled_set
from vpn_anomaly.data.labelled.label_arrays import map_label_array
from vpn_anomaly.data.labelled.labelled_set import ReadMasks
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.sources import image_files
from vpn_anomaly.errors import UserError

LEAST_ANOMALOUS = 128  # values of mask images are 0 and 255
ARRAY_AXES = "(T, H, W)"


def from_images(
    folder: pathlib.Path, clip: pathlib.Path, frames: int, limit: MemoryLimit
) -> ReadMasks | None:
    """Reads the images in a folder, one per frame of the clip; None if there is no such folder.

    Raises UserError if there are more or fewer images than frames.
    """
    if not folder.is_dir():
        return None
    labelled_set.check_count(folder, len(image_files(str(folder))), "masks", clip, frames)
    return functools.partial(_read_images, labelled_set.labelled_images(folder), limit)


def from_array(path: pathlib.Path, clip: pathlib.Path, frames: int, limit: MemoryLimit) -> ReadMasks | None:
    """Reads a .npy (T, H, W); None if there is no such file.

    Raises UserError if it has another shape, more or fewer masks than frames, or exceeds the limit.
    """
    if not path.is_file():
        return None
    count = len(map_label_array(path, (3,), ARRAY_AXES, limit))
    labelled_set.check_count(path, count, "masks", clip, frames)
    return lambda: map_label_array(path, (3,), ARRAY_AXES, limit) != 0


def _read_images(paths: list[pathlib.Path], limit: MemoryLimit) -> np.ndarray:
    _check_sizes(paths, limit)
    masks = [_read_image(path) for path in paths]
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


def _read_image(path: pathlib.Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) >= LEAST_ANOMALOUS
    except Exception as error:  # damage raises several types: struct, value, operating system …
        raise UserError(f"{path}: this mask cannot be read; copy it from the published set") from error
