"""Smoothed scores against explicit weights."""

import numpy as np
import pytest

from vpn_anomaly.scoring.smoother import Smoother


def weights(count, frames):
    """Of frames 0 … count − 1 in the mean of the last of them."""
    weight = np.zeros(count)
    for number in range(count):
        own = 1 / min(number + 1, frames)
        weight *= 1 - own
        weight[number] = own
    return weight


@pytest.mark.parametrize("frames", [2, 5, 40])
def test_a_score_is_the_weighted_mean_of_the_past(frames):
    score = np.random.default_rng(0).normal(size=30)
    smoother = Smoother(frames)
    for count in range(1, len(score) + 1):
        found = smoother({"any": score[count - 1], "other": 1.0})
        weight = weights(count, frames)
        assert weight.sum() == pytest.approx(1) and (np.diff(weight) >= -1e-12).all()
        if count <= frames:
            np.testing.assert_allclose(weight, 1 / count)
        assert found["any"] == pytest.approx((weight * score[:count]).sum()) and found["other"] == 1


@pytest.mark.parametrize("frames", [0, 1])
def test_without_smoothing_scores_stay_as_they_are(frames):
    smoother = Smoother(frames)
    assert [smoother({"any": score})["any"] for score in (1.0, 5.0, -2.0)] == [1.0, 5.0, -2.0]


def test_frames_without_a_value_are_passed_over():
    smoother = Smoother(3)
    found = [smoother({"any": score})["any"] for score in (1.0, np.nan, 2.0)]
    assert found[0] == 1 and np.isnan(found[1]) and found[2] == 1.5
