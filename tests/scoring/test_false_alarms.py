"""False alarms counted by hand; their intervals against scipy and against clips drawn again."""

import numpy as np
import pytest
from scipy import stats

from vpn_anomaly.scoring.false_alarms import FalseAlarms, runs_by_clip


def alarms(*clips):
    """Of clips drawn like "..##.", # a flagged frame."""
    flagged = [mark == "#" for clip in clips for mark in clip]
    return FalseAlarms(np.array(flagged), np.repeat(np.arange(len(clips)), [len(clip) for clip in clips]))


@pytest.mark.parametrize(
    "clip, count",
    [("....", 0), ("#...", 1), ("...#", 1), ("####", 1), ("#.#.##", 3), (".##..#", 2), ("#", 1)],
)
def test_a_run_of_flagged_frames_is_one_alarm(clip, count):
    assert alarms(clip).alarms == count


def test_a_run_ends_with_its_clip():
    found = alarms(".##", "#..", "...", "#.#")
    np.testing.assert_array_equal(runs_by_clip(found.flagged_N, found.clip_N), [1, 1, 0, 2])
    assert (found.frames, found.clips, found.alarms) == (12, 4, 4)
    assert found.of_frames.value == 5 / 12 and found.per_frame.value == 4 / 12
    both = FalseAlarms.pooled([alarms(".##", "#.."), alarms("...", "#.#")])
    np.testing.assert_array_equal(both.clip_N, found.clip_N)
    np.testing.assert_array_equal(both.flagged_N, found.flagged_N)


def test_of_one_clip_the_interval_is_that_of_independent_alarms():
    found = alarms("#" + "." * 199 + "###" + "." * 97)
    low, high = stats.chi2.ppf(0.025, 2 * 2) / 2, stats.chi2.ppf(0.975, 2 * 3) / 2
    assert found.per_frame == pytest.approx((2 / 300, low / 300, high / 300))
    assert found.of_frames == pytest.approx((4 / 300, 2 * low / 300, 2 * high / 300))
    none = alarms("." * 100, "." * 100).of_frames
    assert none == pytest.approx((0, 0, -np.log(0.025) / 200))


def test_clips_that_differ_widen_the_interval():
    even, uneven = alarms(*["#......." * 8] * 8), alarms(*["#." * 32] * 2, *["." * 64] * 6)
    assert even.alarms == uneven.alarms == 64
    exact = stats.chi2.ppf([0.025, 0.975], [128, 130]) / 2 / (8 * 64)
    assert even.per_frame[1:] == pytest.approx(tuple(exact))
    assert uneven.per_frame.low == 0 and uneven.per_frame.high > 1.5 * exact[1]


def test_the_interval_covers_the_rate_of_new_clips():
    """Clips whose rates are drawn anew: the pooled rate of very many lies in 95% of the intervals."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        rate_C = rng.gamma(2, 0.02, 24)  # 0.04 on average
        flagged_N = rng.random((24, 60)) < rate_C[:, None]
        _, low, high = FalseAlarms(flagged_N.ravel(), np.repeat(np.arange(24), 60)).of_frames
        covered += low <= 0.04 <= high
    assert covered >= stats.binom.ppf(0.005, 100, 0.9)
