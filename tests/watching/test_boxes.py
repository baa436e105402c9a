"""Boxes on painted maps, windows against loops over pixels, regions against a slow flood."""

import math

import numpy as np
import pytest

from vpn_anomaly.scoring.windows import VARIANCE_FLOOR
from vpn_anomaly.watching import boxes
from vpn_anomaly.watching.boxes import Box, anomalous_box

EVERY = np.ones((40, 50), bool)
ONE = np.full((40, 50), 0.001)


def painted(*rectangles):
    """A map that is 1 in the rectangles (top, left, bottom, right) and 0 elsewhere."""
    map_HxW = np.zeros((40, 50))
    for top, left, bottom, right in rectangles:
        map_HxW[top:bottom, left:right] = 1
    return map_HxW


@pytest.mark.parametrize("rectangle", [(10, 20, 18, 32), (0, 0, 9, 7), (30, 40, 40, 50), (0, 20, 40, 27)])
def test_the_box_of_a_rectangle_is_the_rectangle(rectangle):
    box = anomalous_box(painted(rectangle), ONE, EVERY)
    np.testing.assert_allclose(box, rectangle, atol=1)


def test_of_two_things_the_stronger_has_the_box():
    residual = painted((5, 5, 13, 13)) + 2 * painted((20, 30, 28, 38))
    np.testing.assert_allclose(anomalous_box(residual, ONE, EVERY), (20, 30, 28, 38), atol=1)


def test_a_wide_faint_thing_outweighs_a_bright_spot():
    residual = 0.3 * painted((5, 5, 17, 17)) + painted((30, 30, 32, 32))
    np.testing.assert_allclose(anomalous_box(residual, ONE, EVERY), (5, 5, 17, 17), atol=1)


def test_what_was_predicted_to_vary_there_is_not_anomalous():
    residual = painted((5, 5, 13, 13)) + 2 * painted((20, 30, 28, 38))
    variance = np.where(painted((18, 28, 30, 40)) > 0, 100.0, 0.001)
    np.testing.assert_allclose(anomalous_box(residual, variance, EVERY), (5, 5, 13, 13), atol=1)


def test_pixels_that_do_not_count_are_ignored():
    residual = painted((5, 5, 13, 13)) + 1000 * painted((20, 30, 28, 38))
    counted = painted((20, 30, 28, 38)) == 0
    assert anomalous_box(residual, ONE, counted) == anomalous_box(painted((5, 5, 13, 13)), ONE, counted)
    residual[~counted] = np.nan
    for counts in (counted, EVERY):  # a value that is no number never counts
        np.testing.assert_allclose(anomalous_box(residual, ONE, counts), (5, 5, 13, 13), atol=1)


def test_shown_pixels_of_a_lattice_do_not_tear_a_thing_apart():
    counted = EVERY.copy()
    counted[::4, ::5] = False
    rectangle = (10, 20, 26, 36)
    np.testing.assert_allclose(anomalous_box(painted(rectangle), ONE, counted), rectangle, atol=1)


def test_without_anything_there_is_no_box():
    assert anomalous_box(painted(), ONE, EVERY) is None
    assert anomalous_box(-painted((5, 5, 13, 13)), ONE, EVERY) is None
    assert anomalous_box(painted() - 1, ONE, EVERY) is None
    assert anomalous_box(painted((5, 5, 13, 13)), ONE, ~EVERY) is None


def test_a_box_is_of_plain_numbers():
    box = anomalous_box(painted((5, 5, 13, 13)), ONE, EVERY)
    assert isinstance(box, Box) and all(type(edge) is int for edge in box)


@pytest.mark.parametrize("size", [3, 5])
def test_window_z_is_the_quotient_of_sums(size):
    rng = np.random.default_rng(size)
    residual, variance = rng.normal(size=(7, 9)), rng.exponential(size=(7, 9))
    counted = rng.random((7, 9)) < 0.7
    z = boxes.window_z(residual.astype(np.float32), variance, counted, size)
    reach = size // 2
    for y in range(7):
        for x in range(9):
            if not counted[y, x]:
                assert z[y, x] == -math.inf
                continue
            total = spread = 0.0
            for v in range(max(0, y - reach), min(7, y + reach + 1)):
                for u in range(max(0, x - reach), min(9, x + reach + 1)):
                    if counted[v, u]:
                        total += float(residual[v, u])
                        spread += float(variance[v, u])
            assert z[y, x] == pytest.approx(total / math.sqrt(spread + VARIANCE_FLOOR), abs=1e-5)


def flood_by_labels(seed, inside):
    """Every pixel takes the least label round it, until none changes any more."""
    height, width = inside.shape
    label = {(y, x): y * width + x for y in range(height) for x in range(width) if inside[y, x]}
    changed = True
    while changed:
        changed = False
        for y, x in label:
            least = min(label.get((y + dy, x + dx), math.inf) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
            if least < label[y, x]:
                label[y, x], changed = least, True
    region = np.zeros_like(inside)
    for place, number in label.items():
        region[place] = seed in label and number == label[seed]
    return region


@pytest.mark.parametrize("density", [0.2, 0.35, 0.5])
def test_regions_are_those_of_a_slow_flood(density):
    rng = np.random.default_rng(0)
    for _ in range(4):
        inside = rng.random((15, 18)) < density
        for start in (tuple(rng.integers((15, 18))), tuple(np.argwhere(inside)[0])):
            region = boxes.region_of(start, inside)
            np.testing.assert_array_equal(region, flood_by_labels(start, inside))
            if region.any():
                rows, columns = np.nonzero(region)
                assert boxes.box_round(region) == (
                    rows.min(),
                    columns.min(),
                    rows.max() + 1,
                    columns.max() + 1,
                )


def test_the_peak_region_is_above_half_of_the_maximum():
    for seed in range(5):
        z = np.random.default_rng(seed).normal(size=(12, 12))
        peak = tuple(int(n) for n in np.argwhere(z == z.max())[0])
        np.testing.assert_array_equal(
            boxes.peak_region(z), flood_by_labels(peak, 2 * z > z.max()), err_msg=f"seed {seed}"
        )
