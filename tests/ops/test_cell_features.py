"""What is in cells, against loops and scipy."""

import math

import jax
import numpy as np
import pytest
import scipy.ndimage

from vpn_anomaly.ops.cell_features import ORIENTATIONS, edges, foreground, pooled, window_means


@pytest.mark.parametrize("height, width", [(12, 16), (13, 18), (9, 21)])
def test_frames_are_pooled_grey_and_continued_to_whole_cells(height, width):
    factor, cells = 2, 3
    frame = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    found = np.asarray(pooled(frame, factor, cells))
    rows, columns = (math.ceil(size / (factor * cells)) * cells for size in (height, width))
    assert found.shape == (2, rows, columns)
    for batch, row, column in np.ndindex(found.shape):
        values = [
            np.mean(
                frame[batch, min(factor * row + down, height - 1), min(factor * column + right, width - 1)]
            )
            for down in range(factor)
            for right in range(factor)
        ]
        assert found[batch, row, column] == pytest.approx(np.mean(values), rel=1e-5)


@pytest.mark.parametrize("window", [1, 3])
def test_means_of_windows_are_over_what_is_inside(window):
    cell, half = 2, window // 2
    maps = np.random.default_rng(1).normal(size=(2, 8, 12, 3)).astype(np.float32)
    found = np.asarray(window_means(maps, cell, window))
    assert found.shape == (2, 4, 6, 3)
    for row in range(4):
        for column in range(6):
            rows = slice(max(row - half, 0) * cell, (row + half + 1) * cell)
            columns = slice(max(column - half, 0) * cell, (column + half + 1) * cell)
            expected = maps[:, rows, columns].mean((1, 2))
            np.testing.assert_allclose(found[:, row, column], expected, rtol=1e-4, atol=1e-6)


def test_foreground_is_surer_the_farther_from_the_background():
    background = np.full((1, 6), 100, np.float32)
    frame = background[None] + np.float32([0, 4, -5, 7.5, -10, 100])
    np.testing.assert_allclose(foreground(frame, background, 5.0), [[[0, 0, 0, 0.5, 1, 1]]])


def test_strength_is_that_of_scipys_differences():
    frame = np.random.default_rng(2).uniform(0, 255, (2, 7, 9)).astype(np.float32)
    strength, share = jax.jit(edges)(frame)
    slope = lambda axis: scipy.ndimage.correlate1d(frame, [-0.5, 0, 0.5], axis=axis, mode="nearest")
    down, across = slope(1), slope(2)
    np.testing.assert_allclose(strength, np.hypot(down, across), rtol=1e-4, atol=1e-3)
    for place in np.ndindex(frame.shape):
        angle = math.degrees(math.atan2(down[place], across[place]))
        between = [
            min(abs(angle - 180 * number / ORIENTATIONS - half_turn) for half_turn in (-360, -180, 0, 180))
            for number in range(ORIENTATIONS)
        ]
        expected = [max(0, 1 - one * ORIENTATIONS / 180) for one in between]
        np.testing.assert_allclose(share[place], expected, atol=1e-3)
    np.testing.assert_allclose(share.sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("number", range(ORIENTATIONS))
def test_a_slope_has_its_own_orientation_up_and_down(number):
    angle = math.pi * number / ORIENTATIONS
    y, x = np.mgrid[:7, :9]
    ramp = (3 * (math.cos(angle) * x + math.sin(angle) * y)).astype(np.float32)
    strength, share = edges(np.stack([ramp, -ramp]))
    inner = np.s_[:, 1:-1, 1:-1]
    np.testing.assert_allclose(strength[inner], 3, rtol=1e-4)
    np.testing.assert_allclose(share[inner][..., number], 1, atol=1e-3)
