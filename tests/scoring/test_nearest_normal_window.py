"""Distances to normal windows, against loops over windows and exemplars."""

import numpy as np
import pytest

from vpn_anomaly.scoring import nearest_normal_window
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINES
from vpn_anomaly.scoring.nearest_normal_window import features, largest_distance, normal_windows

RNG = np.random.default_rng(3)


def pairs(count, height=12, width=15):
    """Mostly one picture, with noise, and something bright in a corner now and then."""
    background = RNG.integers(60, 120, (height, width))
    pair_Nx2xHxW = background + RNG.integers(0, 8, (count, 2, height, width))
    pair_Nx2xHxW[::3, 1, :5, :5] += 60
    return pair_Nx2xHxW.astype(np.uint8)


def features_by_loop(frame, before, background, side):
    """In the order of rows, then columns, at every place that is looked at."""
    frame, before = frame.astype(float), before.astype(float)
    height, width = frame.shape

    def slope(y, x):
        above, below, left, right = (
            max(y - 1, 0),
            min(y + 1, height - 1),
            max(x - 1, 0),
            min(x + 1, width - 1),
        )
        down = (frame[below, x] - frame[above, x]) / (below - above)
        along = (frame[y, right] - frame[y, left]) / (right - left)
        return (down**2 + along**2) ** 0.5 if abs(frame[y, x] - background[y, x]) > 20 else 0.0

    def places(count):
        steps = -(-(count - 1) * 3 // side)
        return [round(step * (count - 1) / steps) for step in range(steps + 1)]

    found = []
    for top in places(height - side + 1):
        for left in places(width - side + 1):
            pixels = [(y, x) for y in range(top, top + side) for x in range(left, left + side)]
            difference = [abs(frame[one] - before[one]) for one in pixels]
            square = np.mean([value**2 for value in difference])
            found.append([np.mean(difference), square**0.5, np.mean([slope(*one) for one in pixels])])
    return np.array(found)


@pytest.mark.parametrize("side", [3, 5])
def test_features_are_those_of_a_loop(side):
    (before, frame), background = pairs(1)[0], RNG.uniform(60, 120, (12, 15))
    np.testing.assert_allclose(
        features(frame, before, background, side),
        features_by_loop(frame, before, background, side),
        atol=1e-6,
    )


def test_windows_reach_every_border():
    """A change of one pixel in any corner is in a window, whatever the side divides."""
    for side in (2, 3, 5):
        for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            before = np.full((12, 15), 100, np.uint8)
            frame = before.copy()
            frame[corner] = 150
            assert features(frame, before, before, side)[:, 0].max() == pytest.approx(50 / side**2)


def test_the_largest_distance_is_that_of_a_loop_over_all_exemplars():
    pair_Nx2xHxW = pairs(7)
    normal = normal_windows(pair_Nx2xHxW, 4)
    background = np.median(pair_Nx2xHxW[:, 1], axis=0)
    exemplars = np.concatenate([features_by_loop(f, b, background, 4) for b, f in pair_Nx2xHxW])
    spread = exemplars.std(0)
    before, frame = pairs(1)[0]
    distances = [
        min(np.linalg.norm((window - exemplar) / spread) for exemplar in exemplars)
        for window in features_by_loop(frame, before, background, 4)
    ]
    assert largest_distance(frame, before, normal, 4) == pytest.approx(max(distances), rel=1e-6)
    assert largest_distance(*pair_Nx2xHxW[3, ::-1], normal, 4) == pytest.approx(0, abs=1e-6)


def test_of_much_footage_as_many_windows_of_each_frame_are_kept(monkeypatch):
    monkeypatch.setattr(nearest_normal_window, "EXEMPLARS", 20)
    normal = normal_windows(pairs(7), 4)
    assert normal.tree.n == 20
    again = normal_windows(pairs(7), 4)
    assert again.tree.n == 20 and np.isfinite(normal.tree.data).all()


def test_footage_in_which_nothing_moves_has_distances_too():
    still = np.repeat(pairs(1)[:, :1], 2, axis=1)
    normal = normal_windows(np.repeat(still, 3, axis=0), 4)
    before, frame = pairs(1)[0]
    assert 0 < largest_distance(frame, before, normal, 4) < np.inf


def test_the_row_fits_and_scores():
    (row,) = [row for row in FOOTAGE_BASELINES if row.name == "nearest_normal_window"]
    pair_Nx2xHxW = pairs(5, 60, 90)
    score = row.function(*pair_Nx2xHxW[0, ::-1], row.fit(pair_Nx2xHxW))
    assert row.before == 1 and score == largest_distance(
        *pair_Nx2xHxW[0, ::-1], normal_windows(pair_Nx2xHxW, 4), 4
    )
