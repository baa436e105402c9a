"""How many independent frames footage is worth, where that is known; and what its rarest threshold gives."""

import numpy as np
import pytest
from scipy import stats

from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.support import Support, Threshold, independent_frames, supported

CLIPS, LENGTH = 20, 150
CLIP_N = np.repeat(np.arange(CLIPS), LENGTH)


def worth(rng, make):
    """The median over ten sets of clips."""
    return np.median([independent_frames(make(rng), CLIP_N) for _ in range(10)])


def test_independent_frames_are_worth_themselves(rng=np.random.default_rng(0)):
    assert worth(rng, lambda rng: rng.normal(size=CLIPS * LENGTH)) > 0.75 * CLIPS * LENGTH


@pytest.mark.parametrize("times", [5, 30])
def test_frames_that_are_repeated_count_once(times):
    repeated = lambda rng: np.repeat(rng.normal(size=CLIPS * LENGTH // times), times)
    found = worth(np.random.default_rng(1), repeated)
    assert 0.6 * CLIPS * LENGTH / times < found < 1.3 * CLIPS * LENGTH / times


def test_clips_that_differ_as_a_whole_count_as_one_frame_each():
    rng = np.random.default_rng(2)
    whole = lambda rng: np.repeat(rng.normal(size=CLIPS), LENGTH) + 0.01 * rng.normal(size=CLIPS * LENGTH)
    assert worth(rng, whole) < 2 * CLIPS
    noisy = lambda rng: np.repeat(rng.normal(size=CLIPS), LENGTH) + rng.normal(size=CLIPS * LENGTH)
    assert CLIPS < worth(rng, noisy) < 0.2 * CLIPS * LENGTH  # no runs, but clips that differ
    assert independent_frames(np.ones(CLIPS * LENGTH), CLIP_N) == CLIPS


def test_of_one_clip_runs_say_what_frames_are_worth():
    rng = np.random.default_rng(3)
    score = np.repeat(rng.normal(size=200), 10)
    assert 120 < independent_frames(score, np.zeros(2000, int)) < 300


def test_of_several_scores_the_least_counts():
    rng = np.random.default_rng(4)
    single, tenfold = rng.normal(size=CLIPS * LENGTH), np.repeat(rng.normal(size=CLIPS * LENGTH // 10), 10)
    support = Support.of([single, tenfold], CLIP_N)
    assert (support.frames, support.clips) == (CLIPS * LENGTH, CLIPS)
    assert support.independent == independent_frames(tenfold, CLIP_N) < 500
    assert support.rarest == 1 / (support.independent + 1)


@pytest.mark.parametrize("asked", [0.05, 0.002, 1e-6])
def test_new_frames_exceed_the_threshold_as_often_as_stated(asked):
    """On independent frames, within the binomial interval of what calibrates and what is counted."""
    rng = np.random.default_rng(5)
    score, new = rng.normal(size=CLIPS * LENGTH), rng.normal(size=200_000)
    used = supported(asked, Support.of([score], CLIP_N), extrapolate=False).p
    assert used == asked if asked > 0.001 else 1 / (len(score) + 1) <= used < 0.0007
    exceeding = (new > Calibration.fit({"score": score}).threshold("score", used)).mean()
    low, high = stats.binom.ppf([0.005, 0.995], len(score), used) / len(score)
    assert low <= exceeding <= high and exceeding > 0


def test_a_rarer_rate_is_extrapolated_only_where_it_may_be():
    support = Support(100, 4, 49.0)
    assert supported(0.02, support, False) == Threshold(0.02, None)
    assert supported(0.001, support, True).p == 0.001
    assert supported(0.001, support, False).p == 0.02
