"""Block masks: square holes in a frame, whose content is to be predicted from their surroundings.

A mask hides blocks of `size`×`size` pixels, one in each square of twice the side: a quarter of the
frame. It is moved by a shift (dy, dx) with 0 <= dy, dx < 2·size.
"""

import numpy as np


def hidden_rows(height: int, shift, size):
    """Which rows contain hidden pixels, bool (..., H), for shifts and sizes (...,); columns likewise.

    A pixel is hidden if both its row and its column are. Uses array operators only, so it returns a
    NumPy array for NumPy arrays and a JAX array for (traced) JAX arrays.
    """
    return (np.arange(height) - shift[..., None]) % (2 * size[..., None]) < size[..., None]


def covering_shifts(size: int) -> np.ndarray:
    """The four shifts whose masks together hide every pixel exactly once, int32 (4, 2)."""
    return np.array([(down, right) for down in (0, size) for right in (0, size)], np.int32)
