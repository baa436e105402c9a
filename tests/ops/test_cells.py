"""Sums over cells against a loop."""

import numpy as np

from vpn_anomaly.ops.cells import repeat_columns, sum_columns, sum_rows


def test_rows_then_columns_sum_each_cell():
    x = np.random.default_rng(0).normal(size=(2, 6, 9)).astype(np.float32)
    sums = sum_columns(sum_rows(x, 3), 3)
    for row in range(2):
        for column in range(3):
            cell = x[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            np.testing.assert_allclose(sums[:, row, column], cell.sum((1, 2)), rtol=1e-4)


def test_repeat_columns_gives_each_column_its_cell():
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(repeat_columns(x, 2), x.repeat(2, axis=-1), rtol=1e-6)
