"""Thresholds by hand."""

import numpy as np
import pytest

from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.support import Support, Threshold
from vpn_anomaly.watching.threshold import alarm_threshold, rate_per_frame

MUCH = Support(1_000_000, 20, 100_000.0)


def test_alarms_per_hour_are_shared_among_frames_and_kinds():
    assert rate_per_frame(9.0, 25.0) == pytest.approx(1e-4)
    threshold = alarm_threshold(1e-4, 2, MUCH, False)
    assert threshold.p == pytest.approx(5e-5) and threshold.note is None


def test_the_rate_of_flagged_frames_is_the_one_that_was_asked_for():
    rng = np.random.default_rng(0)
    names = ("tail_mean", "missing_z", "intruding_z")
    calibration = Calibration.fit({name: rng.normal(size=40_000) for name in names})
    threshold = alarm_threshold(0.03, 3, MUCH, False)
    flagged = np.zeros(40_000, bool)
    for name in names:
        flagged |= calibration.p_value(name, rng.normal(size=40_000)) <= threshold.p
    # Independent kinds: 1 − 0.99³ = 0.0297; both draws deviate by 0.0009 each.
    assert flagged.mean() == pytest.approx(0.0297, abs=0.005)


@pytest.mark.parametrize("extrapolate", [False, True])
def test_what_is_too_rare_for_the_calibration_is_named(extrapolate):
    support = Support(300, 4, 99.0)
    assert alarm_threshold(0.01, 1, support, extrapolate) == Threshold(0.01, None)
    found = alarm_threshold(0.002, 2, support, extrapolate)
    p, note = found.p, found.note
    assert p == (0.001 if extrapolate else 0.01)
    assert "p = 0.001 is rarer than 300 frames of 4 normal clips show, which are worth 99 " in note
    assert "give 11 times as much footage" in note  # 999 of 99
    assert ("is extrapolated" if extrapolate else "0.01 is used") in note and "watch.extrapolate" in note
    assert "\n" not in note


@pytest.mark.parametrize(
    "call",
    [
        lambda: rate_per_frame(0, 25),
        lambda: rate_per_frame(-1, 25),
        lambda: rate_per_frame(1, 0),
        lambda: rate_per_frame(1, float("inf")),
        lambda: rate_per_frame(float("nan"), 25),
        lambda: rate_per_frame(3600, 1),
        lambda: alarm_threshold(0, 1, MUCH, False),
        lambda: alarm_threshold(1, 1, MUCH, False),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(UserError, match="; give"):
        call()


def test_kinds_are_needed():
    with pytest.raises(ValueError):
        alarm_threshold(0.01, 0, MUCH, False)
