"""Block masks: square holes in a frame, as large as what is to be predicted from around them.

Hidden are blocks of `size`×`size` pixels, one in each square of twice the side: a quarter of the
frame. They are moved by a shift (dy, dx) with 0 <= dy, dx < 2·size.
"""

import numpy as np


def hidden_rows(height: int, shift, size):
    """Which rows a mask hides parts of, bool (..., H), for shifts and sizes (...,); columns likewise.

    A pixel is hidden where both its row and its column are. Array operators only: numpy arrays and
    JAX arrays (traced ones too) give their own kind.
    """
    return (np.arange(height) - shift[..., None]) % (2 * size[..., None]) < size[..., None]


def covering_shifts(size: int) -> np.ndarray:
    """The four shifts whose masks together hide every pixel just once, int32 (4, 2)."""
    return np.array([(down, right) for down in (0, size) for right in (0, size)], np.int32)
