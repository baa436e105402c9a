"""Thresholds by hand, intervals against the table of Garwood and scipy's chi-square quantiles."""

import numpy as np
import pytest
from scipy import stats

from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.watching.threshold import (
    alarm_threshold,
    poisson_interval,
    rate_per_frame,
    realised_rate,
)


def test_alarms_per_hour_are_shared_among_frames_and_kinds():
    assert rate_per_frame(9.0, 25.0) == pytest.approx(1e-4)
    threshold = alarm_threshold(1e-4, 2, 100_000)
    assert threshold.p == pytest.approx(5e-5) and threshold.note is None


def test_the_rate_of_flagged_frames_is_the_one_that_was_asked_for():
    rng = np.random.default_rng(0)
    names = ("tail_mean", "missing_z", "intruding_z")
    calibration = Calibration.fit({name: rng.normal(size=40_000) for name in names})
    threshold = alarm_threshold(0.03, 3, 40_000)
    flagged = np.zeros(40_000, bool)
    for name in names:
        flagged |= calibration.p_value(name, rng.normal(size=40_000)) <= threshold.p
    # Independent kinds: 1 − 0.99³ = 0.0297; both draws deviate by 0.0009 each.
    assert flagged.mean() == pytest.approx(0.0297, abs=0.005)


def test_what_is_too_rare_for_the_calibration_is_named():
    assert alarm_threshold(0.01, 1, 99).note is None
    note = alarm_threshold(0.002, 2, 99).note
    assert "p = 0.001" in note and "99 calibration frames" in note and "999 frames or more" in note
    assert "extrapolated" in note and "\n" not in note
    assert alarm_threshold(0.002, 2, 999).note is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: rate_per_frame(0, 25),
        lambda: rate_per_frame(-1, 25),
        lambda: rate_per_frame(1, 0),
        lambda: rate_per_frame(1, float("inf")),
        lambda: rate_per_frame(float("nan"), 25),
        lambda: rate_per_frame(3600, 1),
        lambda: alarm_threshold(0, 1, 10),
        lambda: alarm_threshold(1, 1, 10),
        lambda: realised_rate([], 25),
        lambda: realised_rate([True], 0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(UserError, match="; give"):
        call()


@pytest.mark.parametrize("kinds, frames", [(0, 10), (1, 0)])
def test_kinds_and_calibration_frames_are_needed(kinds, frames):
    with pytest.raises(ValueError):
        alarm_threshold(0.01, kinds, frames)


@pytest.mark.parametrize(
    "count, low, high", [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.39)]
)
def test_intervals_are_those_of_the_table(count, low, high):
    assert poisson_interval(count, 0.95) == pytest.approx((low, high), abs=0.002)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 63, 1000, 20_000])
def test_intervals_are_chi_square_quantiles(count, confidence):
    side = (1 - confidence) / 2
    low = stats.chi2.ppf(side, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(1 - side, 2 * count + 2) / 2
    assert poisson_interval(count, confidence) == pytest.approx((low, high), rel=1e-8)


@pytest.mark.parametrize(
    "flags, alarms",
    [("....", 0), ("#...", 1), ("...#", 1), ("####", 1), ("#.#.##", 3), (".##..#", 2), ("#", 1)],
)
def test_a_run_of_flagged_frames_is_one_alarm(flags, alarms):
    assert realised_rate([mark == "#" for mark in flags], 25).alarms == alarms


def test_the_realised_rate_is_per_hour():
    flags = np.zeros(90_000, bool)
    flags[np.arange(10) * 5000] = True
    rate = realised_rate(flags, 12.5)
    assert (rate.alarms, rate.hours, rate.per_hour) == (10, 2.0, 5.0)
    assert (rate.low, rate.high) == pytest.approx((4.795 / 2, 18.39 / 2), abs=0.002)
    assert realised_rate(flags, 12.5, 0.5).low > rate.low
