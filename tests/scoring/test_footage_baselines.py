"""Rows without learning for footage, against loops over windows and pixels."""

import numpy as np
import pytest

from vpn_anomaly.scoring import footage_baselines, matched_speed
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINES, chosen_baselines, window_side
from vpn_anomaly.scoring.scores import SCORES
from vpn_anomaly.scoring.windowed_maps import window_means

ROWS = {baseline.name: baseline for baseline in FOOTAGE_BASELINES}
RNG = np.random.default_rng(2)


def picture(height, width):
    return RNG.integers(0, 256, (height, width), dtype=np.uint8)


def means_by_loop(map_HxW, side):
    height, width = map_HxW.shape
    rows, columns = min(side, height), min(side, width)
    return [
        [float(np.mean(map_HxW[y : y + rows, x : x + columns])) for x in range(width - columns + 1)]
        for y in range(height - rows + 1)
    ]


@pytest.mark.parametrize("shape, side", [((9, 7), 3), ((5, 8), 1), ((4, 9), 6), ((3, 3), 5)])
def test_window_means_are_those_of_a_loop(shape, side):
    map_HxW = picture(*shape)
    np.testing.assert_allclose(window_means(map_HxW, side), means_by_loop(map_HxW, side), rtol=1e-12)


def test_windows_scale_with_the_frame():
    sides = [window_side(size) for size in ((240, 360), (120, 180), (360, 240), (24, 32), (2, 2))]
    assert sides == [18, 9, 18, 2, 1]


def test_the_difference_and_the_foreground_are_those_of_a_loop():
    size = 60, 90
    frame, before = picture(*size), picture(*size)
    pairs = np.stack([np.stack([picture(*size), picture(*size)]) for _ in range(4)])
    difference = np.array([[abs(int(a) - int(b)) for a, b in zip(*rows)] for rows in zip(frame, before)])
    row = ROWS["largest_windowed_difference"]
    assert row.before == 1
    assert row.function(frame, before, None) == pytest.approx(max(map(max, means_by_loop(difference, 4))))
    assert row.function(frame, frame, None) == 0
    row = ROWS["foreground"]
    background = row.fit(pairs)
    middle = [[sorted(pairs[:, 1, y, x].tolist())[1:3] for x in range(90)] for y in range(60)]
    np.testing.assert_array_equal(background, np.mean(middle, -1))
    expected = max(map(max, means_by_loop(np.abs(frame - background), 4)))
    assert row.function(frame, frame, background) == pytest.approx(expected)


def speeds_by_loop(frame, before, cell, radius):
    """Every pixel of every window with every displacement; outside, the border goes on."""
    height, width = frame.shape
    at = lambda image, y, x: int(image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)])
    rows, columns = max(3, -(-height // cell)), max(3, -(-width // cell))
    side = 3 * cell
    speeds = np.zeros((rows - 2, columns - 2))
    for window in np.ndindex(*speeds.shape):
        top, left = window[0] * cell, window[1] * cell
        pixels = [(y, x) for y in range(top, top + side) for x in range(left, left + side)]
        # What is beside the frame is no frame: the padded pixels are copies of the border.
        inside = [(min(y, height - 1), min(x, width - 1)) for y, x in pixels]
        costs = {}
        for down in range(-radius, radius + 1):
            for right in range(-radius, radius + 1):
                costs[down, right] = sum(
                    abs(at(frame, y, x) - at(before, oy - down, ox - right))
                    for (y, x), (oy, ox) in zip(inside, pixels)
                )
        best = min(costs, key=lambda d: (costs[d], d[0] ** 2 + d[1] ** 2))
        if costs[0, 0] - costs[best] >= 4 * side**2:
            speeds[window] = (best[0] ** 2 + best[1] ** 2) ** 0.5 / 4
    return speeds


@pytest.mark.parametrize("shape, cell", [((10, 13), 2), ((4, 14), 3)])
def test_speeds_of_windows_are_those_of_a_loop(shape, cell):
    before = picture(*shape)
    frame = np.roll(before, (1, 2), (0, 1)) // 2 + picture(*shape) // 2
    frame[:, -4:] = before[:, -4:]  # stands still
    found = matched_speed.window_speeds(frame, before, cell, 2)
    expected = speeds_by_loop(frame, before, cell, 2)
    np.testing.assert_allclose(found, expected)
    assert len(np.unique(expected)) > 1


def test_a_thing_has_its_speed_and_what_is_smaller_than_a_median_has_none():
    """A textured square moves 8 down and 12 right in 4 frames; a speck moves farther."""
    before = np.full((120, 180), 90, np.uint8)
    frame, square, speck = before.copy(), picture(40, 40), picture(2, 2)
    before[20:60, 30:70], frame[28:68, 42:82] = square, square
    before[100:102, 140:142], frame[100:102, 152:154] = speck, speck
    row = ROWS["matched_speed"]
    assert row.before == 4
    assert row.function(frame, before, None) == pytest.approx((8**2 + 12**2) ** 0.5 / 4)
    assert row.function(before, before, None) == 0
    fainter = [(image.astype(float) / 80 + 100).astype(np.uint8) for image in (frame, before)]
    assert row.function(*fainter, None) == 0  # matching gains less than 4 grey levels


def test_the_speed_is_the_largest_of_medians_of_neighbours(monkeypatch):
    speed_hxw = RNG.random((4, 5))
    monkeypatch.setattr(matched_speed, "window_speeds", lambda *_: speed_hxw)
    medians = [
        np.median(
            [
                speed_hxw[min(max(y + dy, 0), 3), min(max(x + dx, 0), 4)]
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
            ]
        )
        for y in range(4)
        for x in range(5)
    ]
    frame = picture(8, 8)
    assert matched_speed.largest_speed(frame, frame, 1.0) == max(medians)


def test_cheap_rows_need_no_footage():
    assert [row.name for row in chosen_baselines("cheap")] == ["largest_windowed_difference"]
    assert not any(row.fit for row in chosen_baselines("cheap"))
    assert chosen_baselines("all") == FOOTAGE_BASELINES
    assert footage_baselines.FOOTAGE_BASELINE_NAMES == tuple(ROWS)
    assert all(row.unit and row.meaning for row in FOOTAGE_BASELINES)


def test_columns_of_files_have_one_meaning():
    names = [*(score.name for score in SCORES), *VIDEO_BASELINES, *ROWS]
    assert len(names) == len(set(names))
