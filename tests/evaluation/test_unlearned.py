"""Scores without learning against loops over pixels."""

import numpy as np
import pytest

from vpn_anomaly.evaluation import unlearned


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("frame", [1, 3])
def test_scores_equal_a_loop(frame, channels):
    clip = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 7, channels), dtype=np.uint8)
    scores = unlearned.unlearned_scores(clip, frame)
    assert tuple(scores) == unlearned.UNLEARNED_SCORES
    for index in range(2):
        this, before = clip[index, frame].tolist(), clip[index, frame - 1].tolist()
        difference = [
            [sum(abs(a - b) for a, b in zip(this[y][x], before[y][x])) / channels for x in range(7)]
            for y in range(6)
        ]
        windows = [
            sum(difference[y + dy][x + dx] for dy in range(3) for dx in range(3)) / 9
            for y in range(4)
            for x in range(5)
        ]
        mean = sum(map(sum, difference)) / 42
        assert scores["frame_difference"][index] == pytest.approx(mean)
        assert scores["frame_difference_windowed"][index] == pytest.approx(max(windows))


def test_constant_tells_nothing():
    clip = np.random.default_rng(0).integers(0, 256, (5, 2, 4, 4, 1), dtype=np.uint8)
    np.testing.assert_array_equal(unlearned.unlearned_scores(clip, 1)["constant"], np.zeros(5))


def test_the_first_frame_has_no_difference():
    with pytest.raises(ValueError, match="frame 0"):
        unlearned.unlearned_scores(np.zeros((1, 2, 4, 4, 1), np.uint8), 0)
