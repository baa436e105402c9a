"""Bands of frames against loops over their cells."""

import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.ops import bands
from vpn_anomaly.ops.platform import ByPlatform


@pytest.fixture
def frame_BxCxHxW():
    return np.random.default_rng(0).normal(size=(6, 2, 6, 9)).astype(np.float32)


def test_rows_and_columns_of_cells(frame_BxCxHxW):
    rows_hxBxCxcxW = bands.cell_rows(frame_BxCxHxW, 3)
    sums_hxBxCxw = bands.sum_columns(rows_hxBxCxcxW.sum(-2), 3)
    for row in range(2):
        for column in range(3):
            cell = frame_BxCxHxW[..., 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            np.testing.assert_allclose(sums_hxBxCxw[row, ..., column], cell.sum((-2, -1)), rtol=1e-4)
    np.testing.assert_array_equal(bands.from_cell_rows(rows_hxBxCxcxW), frame_BxCxHxW)


def test_moved_copies_are_those_of_a_frame_with_zeros_around(frame_BxCxHxW):
    padded = np.pad(frame_BxCxHxW, [(0, 0), (0, 0), (2, 2), (2, 2)])
    for number, band in enumerate(bands.frame_bands(frame_BxCxHxW, 2, 3)):
        for row in range(5):
            for column, copy in enumerate(bands.moved_by_row(band, row, 2)):
                top, left = 3 * number + 4 - row, 4 - column
                np.testing.assert_array_equal(copy, padded[..., top : top + 3, left : left + 9])


@pytest.mark.parametrize("columns", [1, 20, 10_000])
def test_samples_are_grouped_and_put_back(frame_BxCxHxW, monkeypatch, columns):
    monkeypatch.setattr(bands, "_COLUMNS", ByPlatform(cpu=columns, accelerator=columns))
    sizes = []

    def double(x, number):
        sizes.append(len(x))
        return 2 * x + number[:, None, None, None]

    rows = bands.cell_rows(frame_BxCxHxW, 3)
    numbers = jnp.arange(12).reshape(2, 6)
    doubled = bands.map_bands(double, rows, numbers)
    np.testing.assert_allclose(doubled, 2 * rows + numbers[:, :, None, None, None], rtol=1e-6)
    assert sizes[0] == {1: 1, 20: 2, 10_000: 6}[columns]
