"""The threshold of the score of all members, `any`, and the false alarms that it raises in normal clips."""

import math
from collections.abc import Sequence

import numpy as np

from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.stream_calibration import ScoreThreshold
from vpn_anomaly.scoring.support import Threshold, supported


def any_threshold(members: Sequence[MemberStream], rate: float, extrapolate: bool) -> ScoreThreshold:
    """The value of `any` that at most this part of normal frames exceeds: −log of it, by the union bound.

    Of p_m / share_m the least makes `any` (`StreamDetector`), so that each member has to show how rare
    p_m = rate · share_m is; where one cannot, the rate is the least that all can show.

    Args:
        extrapolate: whether a rate is used that is rarer than the normal clips show.
    """
    members = [member for member in members if member.in_any]
    of_members = {
        member.name: supported(rate * member.share, member.normal.least_support, extrapolate)
        for member in members
    }
    rates = {member.name: of_members[member.name].p / member.share for member in members}
    limiting = max(rates, key=lambda name: rates[name])
    note = of_members[limiting].note
    threshold = Threshold(min(1.0, rates[limiting]), None if note is None else f"{limiting}: {note}")
    return ScoreThreshold(-math.log(threshold.p), threshold, _false_alarms(members, threshold.p))


def _false_alarms(members: Sequence[MemberStream], p: float) -> FalseAlarms:
    """Of the frames that all members were calibrated with: those of a member that was not trained on them.

    A member's p-values are those by all of its normal clips but the frame's own.
    """
    base = min(members, key=lambda member: (member.scorer.system.about.fits, member.every))
    video_N, frame_N = base.normal.video_N, base.normal.frame_N
    least_N = np.min([_log_p_at(member, video_N, frame_N) for member in members], axis=0)
    return FalseAlarms(least_N <= math.log(p), base.normal.clip_N)


def _log_p_at(member: MemberStream, video_N: np.ndarray, frame_N: np.ndarray) -> np.ndarray:
    """log p_m / share_m at these frames, (N,): where the member looked last; ∞ where it has said nothing."""
    normal, log_p_N = member.normal, np.full(len(frame_N), np.inf)
    for video in np.unique(video_N):
        own = np.flatnonzero(normal.video_N == video)  # in the order of frames
        at = np.flatnonzero(video_N == video)
        last = np.searchsorted(normal.frame_N[own], frame_N[at], side="right") - 1
        at, last = at[last >= 0], own[last[last >= 0]]
        stands = frame_N[at] - normal.frame_N[last] < member.every
        log_p_N[at[stands]] = normal.log_least_p[last[stands]] - math.log(member.share)
    return log_p_N
