"""Motion of cells against a loop over displacements and pixels, and of textures that move by known fractions."""

import functools
import math

import jax
import numpy as np
import pytest
import scipy.ndimage

from vpn_anomaly.ops.cell_motion import VALLEY, cell_motion, median_of_neighbours

RADIUS, CELL, WINDOW = 4, 4, 3
SHAPE = (24, 32)
moved_cells = jax.jit(functools.partial(cell_motion, radius=RADIUS, cell=CELL, window=WINDOW))


def mean_costs(frame_HxW, earlier_HxW, weight_HxW, row, column):
    """By displacement, the mean squared difference in the window of a cell, and the sum of its weights."""
    height, width = frame_HxW.shape
    half = WINDOW // 2 * CELL
    rows = range(max(row * CELL - half, 0), min((row + 1) * CELL + half, height))
    columns = range(max(column * CELL - half, 0), min((column + 1) * CELL + half, width))
    weight = sum(float(weight_HxW[y, x]) for y in rows for x in columns)
    means = {}
    for down in range(-RADIUS, RADIUS + 1):
        for right in range(-RADIUS, RADIUS + 1):
            total = 0.0
            for y in rows:
                for x in columns:
                    inside = 0 <= y - down < height and 0 <= x - right < width
                    source = float(earlier_HxW[y - down, x - right]) if inside else 0.0
                    total += float(weight_HxW[y, x]) * (float(frame_HxW[y, x]) - source) ** 2
            means[down, right] = total / weight
    return means, weight


def vertex(before, least, after):
    """The place of the least of the parabola through three points at −1, 0 and 1, by numpy's own fit."""
    curvature, slope, _ = np.polyfit([-1, 0, 1], [before, least, after], 2)
    return -slope / (2 * curvature)


def test_motion_equals_a_loop():
    rng = np.random.default_rng(0)
    frame, earlier = rng.uniform(0, 255, (2, 2, *SHAPE)).astype(np.float32)
    weight = rng.uniform(0.1, 1, (2, *SHAPE)).astype(np.float32)
    found = jax.device_get(moved_cells(frame, earlier, weight))
    assert found.down.shape == (2, SHAPE[0] // CELL, SHAPE[1] // CELL)
    for batch, row, column in [(0, 0, 0), (0, 2, 3), (1, 5, 7), (1, 3, 0)]:
        means, weights = mean_costs(frame[batch], earlier[batch], weight[batch], row, column)
        (down, right), least = min(means.items(), key=lambda item: item[1])
        at = lambda array: array[batch, row, column]
        assert at(found.least) == pytest.approx(least, rel=1e-4)
        assert at(found.still) == pytest.approx(means[0, 0], rel=1e-4)
        others = [cost for (y, x), cost in means.items() if abs(y - down) > VALLEY or abs(x - right) > VALLEY]
        assert at(found.other) == pytest.approx(min(others), rel=1e-4)
        assert at(found.weight) == pytest.approx(weights / (CELL * WINDOW) ** 2, rel=1e-5)
        expected = [down, right]
        if abs(down) < RADIUS:
            expected[0] += vertex(means[down - 1, right], least, means[down + 1, right])
        if abs(right) < RADIUS:
            expected[1] += vertex(means[down, right - 1], least, means[down, right + 1])
        assert (at(found.down), at(found.right)) == pytest.approx(expected, abs=1e-3)


def texture(down=0.0, right=0.0, seed=0):
    """Waves of 4 to 8 pixels in all directions, moved by any fraction of a pixel: exact, not interpolated."""
    rng, count = np.random.default_rng(seed), 40
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    waves = np.zeros(SHAPE)
    for number in range(count):
        part, length, phase = rng.uniform([0, 4, 0], [1, 8, 2 * math.pi])
        angle = math.pi * (number + part) / count
        along = math.sin(angle) * (y - down) + math.cos(angle) * (x - right)
        waves += np.cos(2 * math.pi * along / length + phase)
    return (128 + 15 * waves).astype(np.float32)


@pytest.mark.parametrize("down, right", [(0, 0), (0.5, -1.25), (-2.7, 0.3), (1.4, 2.6)])
def test_the_fraction_of_a_motion_is_found(down, right):
    batch = lambda one: np.stack([one, one])  # the shape that is compiled
    found = moved_cells(batch(texture(down, right)), batch(texture()), np.ones((2, *SHAPE), np.float32))
    inner = np.s_[0, 2:-2, 2:-2]  # elsewhere the frame's border comes in
    np.testing.assert_allclose(found.down[inner], down, atol=0.25)
    np.testing.assert_allclose(found.right[inner], right, atol=0.25)
    assert (np.asarray(found.least)[inner] < np.asarray(found.other)[inner] / 2).all()


def test_only_what_has_weight_says_how_it_moves():
    """A thing of half a window before a texture that stands still."""
    thing_HxW = np.zeros(SHAPE, bool)
    thing_HxW[8:14, 10:20] = True
    frame = np.where(thing_HxW, texture(right=2, seed=1), texture())
    earlier = np.where(np.roll(thing_HxW, -2, axis=1), texture(seed=1), texture())
    frames, before = np.stack([frame, frame]), np.stack([earlier, earlier])
    found = moved_cells(frames, before, np.stack([thing_HxW, np.ones(SHAPE, bool)]).astype(np.float32))
    row, column = 4, 3  # the middle of its window is just below the thing
    assert found.right[0, row, column] == pytest.approx(2, abs=0.2)
    assert found.right[1, row, column] == pytest.approx(0, abs=0.5)
    assert found.still[0, row, column] > 100 * found.least[0, row, column]


def test_another_displacement_explains_a_periodic_texture_as_well():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    waves = lambda right: 128 + 60 * np.cos(math.pi * (x - right) / 2) * np.cos(math.pi * y / 2)
    frames, before = (np.stack([waves(right), texture(right=right)]).astype(np.float32) for right in (1, 0))
    found = moved_cells(frames, before, np.ones((2, *SHAPE), np.float32))
    periodic, unique = (np.asarray(found.other - found.least)[number, 2:-2, 2:-2] for number in (0, 1))
    assert periodic.max() < 1 and unique.min() > 1000


def test_where_nothing_differs_nothing_moves():
    flat = np.full((2, *SHAPE), 77, np.float32)
    found = moved_cells(flat, flat, np.ones_like(flat))
    inner = np.s_[:, 2:-2, 2:-2]
    assert not np.asarray(found.still).any()
    for fraction in (found.down, found.right):  # whichever of equal displacements is taken, it is a whole one
        assert (np.asarray(fraction)[inner] % 1 == 0).all()
    nothing = moved_cells(flat, flat, np.zeros_like(flat))
    assert all(np.isfinite(part).all() for part in nothing) and not np.asarray(nothing.weight).any()


def test_medians_are_those_of_scipy():
    cells = np.random.default_rng(2).normal(size=(2, 6, 7)).astype(np.float32)
    found = jax.jit(median_of_neighbours)(cells)
    for one, expected in zip(cells, found):
        np.testing.assert_array_equal(expected, scipy.ndimage.median_filter(one, size=3, mode="nearest"))
