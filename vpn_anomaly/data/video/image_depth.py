"""The bit depth that images of more than 8 bits actually use, and their conversion to 8 bits.

A 12-bit camera stores 16-bit files, of which the high byte has only 16 grey levels. So the depth is
determined from the greatest value in all images together: one scale per camera.

A depth of n bits means values from 0 (black) to 2^n - 1 (white); of -n bits, for signed numbers, from
-2^(n-1) to 2^(n-1) - 1. The same holds for fractions: values from 0 to 1 have a depth of 1.
"""

import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_file import HighDepthImage, Unreadable, pictures
from vpn_anomaly.progress import PERIOD, Progress

EIGHT_BITS = 8  # the depth of images and videos that need no scaling
MOST_BITS = 32
WHITE = 255


class ValueRange:
    """The range of values in the images added so far."""

    def __init__(self):
        self._least, self._greatest, self._is_empty = 0, 0, True

    def add(self, picture: HighDepthImage) -> None:
        """Includes another image."""
        self._least = min(self._least, picture.values.min())
        self._greatest = max(self._greatest, picture.values.max())
        self._is_empty = False

    @property
    def depth(self) -> int | None:
        """The fewest bits that hold all values, rounded to integers; None if there was no image."""
        if self._is_empty:
            return None
        least, greatest = round(float(self._least)), round(float(self._greatest))
        if least >= 0:
            return min(MOST_BITS, max(1, greatest.bit_length()))
        return -min(MOST_BITS, 1 + max((-least - 1).bit_length(), greatest.bit_length()))


def is_high_depth(paths: Iterable[pathlib.Path], limit: MemoryLimit | None = None) -> bool:
    """Whether the first readable image has more than 8 bits; the others are assumed to be alike."""
    readable = (
        picture
        for path in paths
        for picture in pictures(path, limit=limit)
        if not isinstance(picture, Unreadable)
    )
    return isinstance(next(readable, None), HighDepthImage)


def depth_of(paths: Sequence[pathlib.Path], limit: MemoryLimit | None = None) -> int:
    """The depth that the images in these files use together; EIGHT_BITS if none has more."""
    task = "finding the grey levels that images use"

    def text(progress: Progress) -> str:  # nothing is told of what is done soon
        return "" if progress.seconds < PERIOD else f"{task}: {progress.done} of {len(paths)} files"

    found, progress = ValueRange(), Progress(text)
    for path in paths:
        for picture in pictures(path, limit=limit):
            if isinstance(picture, HighDepthImage):
                found.add(picture)
        progress()
    progress.end()
    return found.depth or EIGHT_BITS


def to_eight_bits(picture: HighDepthImage, depth: int) -> np.ndarray:
    """The image as uint8 of the same shape; values beyond the depth become black or white."""
    bits = abs(depth)
    black = 0 if depth > 0 else -(2 ** (bits - 1))
    scale = WHITE / (2**bits - 1)
    level = np.clip((picture.values.astype(np.float32) - black) * scale, 0, WHITE).round().astype(np.uint8)
    return WHITE - level if picture.inverted else level


def depth_mismatch(found: int | None, known: int) -> str | None:
    """A message about a source whose images use `found` bits where `known` are expected; else None.

    found: None if no image has more than 8 bits. known: 0 if unknown. One bit less is accepted: the
    scene may be darker.
    """
    if not known or (found or EIGHT_BITS) == known:
        return None
    if known == EIGHT_BITS:
        return f"{_in_words(found)}, but the normal footage 8: they are shown by their own depth"
    if found is None:
        return f"its images have 8 bits, but those of the normal footage {_bits(known)}"
    if _greatest(found) > _greatest(known) or found < 0 and (known > 0 or found < known):
        return f"{_in_words(found)}, but the normal footage {_bits(known)}: values beyond that are black or white"
    if 0 < found < known - 1:
        return f"{_in_words(found)}, but the normal footage {_bits(known)}: they are dark"
    return None


def _greatest(depth: int) -> int:
    return 2**depth - 1 if depth > 0 else 2 ** (-depth - 1) - 1


def _in_words(depth: int) -> str:
    return f"its images use {_bits(depth)} bits"


def _bits(depth: int) -> str:
    return str(depth) if depth > 0 else f"{-depth} (signed)"
