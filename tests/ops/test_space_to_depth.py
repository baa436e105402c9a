"""Blocks of pixels in channels, against a loop."""

import numpy as np

from vpn_anomaly.ops.space_to_depth import depth_to_space, space_to_depth


def test_each_block_stands_in_the_channels_of_its_cell():
    x = np.random.default_rng(0).normal(size=(2, 6, 9, 2))
    deep = space_to_depth(x, 3)
    for row in range(2):
        for column in range(3):
            block = x[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            np.testing.assert_array_equal(deep[:, row, column], block.reshape(2, -1))


def test_depth_to_space_is_the_inverse():
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 4, 5))
    np.testing.assert_array_equal(depth_to_space(space_to_depth(x, 4), 4), x)
