"""The threshold of several members' score against a loop over frames, and its rate on independent ones."""

import math
import types

import numpy as np
import pytest
from scipy import stats

from vpn_anomaly.catalogue import SystemRow
from vpn_anomaly.scoring.any_threshold import any_threshold
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.stream_calibration import StreamCalibration

VIDEOS, LENGTH = 3, 200
HELD_OUT = {(video, frame) for video in range(VIDEOS) for frame in range(120, LENGTH)}


def member(rng, name, share=0.5, every=1, fits=False, clips=10, first_frame=3):
    """A member whose scores are noise: of all frames if it is fitted, or of those that are held out."""
    number = np.arange(VIDEOS * LENGTH)
    video, frame = np.divmod(number, LENGTH)
    of_video = clips if fits else clips // 2
    clip = video * of_video + ((frame if fits else frame - 120) * of_video // (LENGTH if fits else 80))
    known = (frame % every == 0) & (frame >= first_frame * every if fits else frame >= 120)
    scores = {score: rng.normal(size=known.sum()) for score in ("tail_mean", "missing_z", "intruding_z")}
    return types.SimpleNamespace(
        name=name,
        share=share,
        every=every,
        in_any=tuple(scores),
        normal=StreamCalibration(scores, clip[known], video[known], frame[known]),
        scorer=types.SimpleNamespace(system=types.SimpleNamespace(about=SystemRow(name, "", fits=fits))),
    )


def least_log_p(member, video, frame):
    """log p_m / share_m where the member looked last, by the clips other than that frame's."""
    normal = member.normal
    looks = [
        place
        for place, at in enumerate(zip(normal.video_N, normal.frame_N))
        if at[0] == video and frame - member.every < at[1] <= frame
    ]
    if not looks:
        return math.inf
    (place,) = looks
    others = normal.clip_N != normal.clip_N[place]
    calibration = Calibration.fit({name: score[others] for name, score in normal.scores.items()})
    of_frame = {name: score[place] for name, score in normal.scores.items()}
    return float(calibration.log_least_p(member.in_any, of_frame)) - math.log(member.share)


def test_alarms_in_normal_clips_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    members = [
        member(rng, "normality", 0.5, fits=True),
        member(rng, "motion", 0.3),
        member(rng, "appearance", 0.2, every=3),
    ]
    found = any_threshold(members, 0.1, True)
    assert found.score == pytest.approx(-math.log(0.1)) and found.threshold.p == pytest.approx(0.1)
    frames = sorted(HELD_OUT)
    flagged = [
        min(least_log_p(one, video, frame) for one in members) <= math.log(0.1)
        for video, frame in frames[::7]
    ]
    assert any(flagged)
    np.testing.assert_array_equal(found.held_out.flagged_N[::7], flagged)
    assert found.held_out.clips == 15 and found.held_out.frames == len(frames)


def test_the_rate_of_independent_frames_is_at_most_the_stated_one():
    rng = np.random.default_rng(1)
    found = any_threshold([member(rng, "motion", 0.7), member(rng, "normality", 0.3, fits=True)], 0.1, False)
    assert found.threshold.note is None
    flagged = found.held_out.flagged_N.sum()
    # Both are independent, so that about 1 − (1 − 0.07)(1 − 0.03) is flagged.
    low, high = stats.binom.ppf([0.005, 0.995], len(HELD_OUT), 1 - 0.93 * 0.97)
    assert low <= flagged <= high


def test_the_member_that_can_show_least_limits_the_rate():
    rng = np.random.default_rng(2)
    fine, poor = member(rng, "motion", 0.5), member(rng, "appearance", 0.5)
    alike = {name: np.repeat(score[::16], 16) for name, score in poor.normal.scores.items()}
    poor.normal = StreamCalibration(
        alike, *(getattr(poor.normal, f"{name}_N") for name in ("clip", "video", "frame"))
    )
    found = any_threshold([fine, poor], 0.02, False)
    assert (
        found.threshold.p == pytest.approx(2 * poor.normal.least_support.rarest) and found.threshold.p > 0.02
    )
    assert found.threshold.note.startswith("appearance: p = 0.01 is rarer than 240 frames of 15")
    assert found.score == pytest.approx(-math.log(found.threshold.p))
    assert any_threshold([fine, poor], 0.02, True).threshold.p == pytest.approx(0.02)
