"""Block masks against a mask drawn block by block."""

import numpy as np
import pytest

from vpn_anomaly.data.block_masks import covering_shifts, hidden_rows


def mask(height, width, shift, size):
    rows = hidden_rows(height, np.array(shift[0]), np.array(size))
    columns = hidden_rows(width, np.array(shift[1]), np.array(size))
    return rows[:, None] & columns


def drawn(height, width, shift, size):
    hidden = np.zeros((height, width), bool)
    for top in range(shift[0] - 2 * size, height, 2 * size):
        for left in range(shift[1] - 2 * size, width, 2 * size):
            hidden[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = True
    return hidden


@pytest.mark.parametrize("shift", [(0, 0), (3, 1), (5, 4)])
@pytest.mark.parametrize("size", [1, 3])
def test_blocks_of_one_size_in_squares_of_twice_the_side(size, shift):
    shift = tuple(part % (2 * size) for part in shift)
    np.testing.assert_array_equal(mask(13, 17, shift, size), drawn(13, 17, shift, size))


@pytest.mark.parametrize("size", [1, 4, 7])
def test_four_masks_hide_every_pixel_once(size):
    times = sum(mask(13, 17, shift, size).astype(int) for shift in covering_shifts(size))
    assert (times == 1).all()
