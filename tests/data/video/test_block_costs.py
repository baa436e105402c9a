"""Costs of the displacements of blocks against a loop over them."""

import numpy as np
import pytest

from vpn_anomaly.data.video.block_costs import block_costs

SIDE, REACH = 4, 3


def test_they_are_variances_of_differences_and_infinite_outside():
    frame, source = np.random.default_rng(0).integers(0, 256, (2, 11, 13)).astype(float)
    corner_Nx2 = np.array([[0, 0], [4, 5], [7, 9], [2, 1]])
    costs = block_costs(frame, source, corner_Nx2, SIDE, REACH)
    assert costs.shape == (4, 7, 7)
    for cost, (row, column) in zip(costs, corner_Nx2):
        block = frame[row : row + SIDE, column : column + SIDE]
        for down in range(-REACH, REACH + 1):
            for right in range(-REACH, REACH + 1):
                top, left = row - down, column - right
                inside = 0 <= top <= 11 - SIDE and 0 <= left <= 13 - SIDE
                moved = source[max(top, 0) : top + SIDE, max(left, 0) : left + SIDE]
                expected = (block - moved).var() if inside else np.inf
                assert cost[REACH + down, REACH + right] == pytest.approx(expected)


def test_light_costs_nothing_and_a_match_is_exact():
    source = np.random.default_rng(1).integers(0, 200, (20, 20)).astype(float)
    frame = np.roll(source, (2, -1), (0, 1)) + 30
    cost = block_costs(frame, source, np.array([[8, 8]]), SIDE, REACH)[0]
    assert cost[REACH + 2, REACH - 1] < 1e-6
    assert np.sort(cost.ravel())[1] > 100
