"""Costs of displacements against a loop over displacements and cells."""

import numpy as np
import pytest

from vpn_anomaly.ops import bands
from vpn_anomaly.ops.displacement import displacement_costs, window_sums
from vpn_anomaly.ops.platform import ByPlatform


def moved(frame_CxHxW, dy, dx):
    """The frame moved down by dy and right by dx, zeros coming in."""
    _, height, width = frame_CxHxW.shape
    out = np.zeros_like(frame_CxHxW)
    for y in range(height):
        for x in range(width):
            if 0 <= y - dy < height and 0 <= x - dx < width:
                out[:, y, x] = frame_CxHxW[:, y - dy, x - dx]
    return out


@pytest.mark.parametrize("unrolled_radius", [0, 6])
@pytest.mark.parametrize("colours", [1, 3])
def test_costs_are_squared_differences_summed_over_cells(monkeypatch, colours, unrolled_radius):
    monkeypatch.setattr(bands, "_UNROLLED_RADIUS", ByPlatform(unrolled_radius, unrolled_radius))
    random = np.random.default_rng(0)
    radius, cell = 2, 4
    target, source = random.uniform(size=(2, 2, colours, 8, 12)).astype(np.float32)
    weight = random.integers(0, 2, (2, 8, 12)).astype(np.float32)
    costs = np.asarray(displacement_costs(target, source, weight, radius, cell))
    assert costs.shape == (2, 2, 3, 25)
    for image in range(2):
        for number in range(25):
            dy, dx = number // 5 - radius, number % 5 - radius
            error = (target[image] - moved(source[image], dy, dx)) ** 2
            error = error.sum(0) * weight[image]
            for row in range(2):
                for column in range(3):
                    block = error[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
                    got = costs[image, row, column, number]
                    np.testing.assert_allclose(got, block.sum(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("window", [1, 3, 5])
def test_window_sums_count_nothing_outside_the_frame(window):
    costs = np.random.default_rng(1).uniform(size=(2, 4, 5, 3)).astype(np.float32)
    sums, half = np.asarray(window_sums(costs, window)), window // 2
    for row in range(4):
        for column in range(5):
            rows = slice(max(row - half, 0), row + half + 1)
            columns = slice(max(column - half, 0), column + half + 1)
            expected = costs[:, rows, columns].sum((1, 2))
            np.testing.assert_allclose(sums[:, row, column], expected, rtol=1e-5)
