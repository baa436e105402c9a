"""When a member of a detector raises an alarm, and what that would have given on normal footage."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.watching.events import EventSettings
from vpn_anomaly.watching.settings import WatchSettings
from vpn_anomaly.watching.threshold import (
    RealisedRate,
    Threshold,
    alarm_threshold,
    rate_per_frame,
    realised_rate,
)


@dataclasses.dataclass(frozen=True)
class Alarms:
    """The thresholds of one member.

    Attributes:
        member: its name; empty for a single model.
        allowed: false alarms per hour that it may raise.
        threshold: p-value of a frame that opens an event, for each of its kinds.
        held_out: false alarms on normal footage that was neither trained nor calibrated with.
        score_threshold: the same threshold in units of the score, by key.
        events: the rules of its events.
    """

    member: str
    allowed: float
    threshold: Threshold
    held_out: RealisedRate
    score_threshold: Mapping[str, float]
    events: EventSettings

    @classmethod
    def of(cls, member: MemberStream, settings: WatchSettings, rate: float) -> "Alarms":
        """rate: frames per second. UserError for settings that contradict each other."""
        normal, scores = member.normal, [watched.score for watched in member.watched.values()]
        allowed_per_frame = rate_per_frame(settings.false_alarms, rate) * member.share
        threshold = alarm_threshold(allowed_per_frame, len(scores), normal.frames)
        p_by_kind = [normal.calibration.p_value(score, normal.held_out[score]) for score in scores]
        return cls(
            member.name,
            settings.false_alarms * member.share,
            threshold,
            realised_rate(np.min(p_by_kind, axis=0) <= threshold.p, rate),
            {
                key: normal.calibration.threshold(watched.score, threshold.p)
                for key, watched in member.watched.items()
            },
            settings.events(threshold.p),
        )

    def in_words(self) -> str:
        """What the threshold is, what came of it on held-out footage, and its note if it has one, in lines."""
        threshold, held_out = self.threshold, self.held_out
        line = (
            f"threshold: p ≤ {threshold.p:.2g} per frame and kind, for {self.allowed:g} false alarms per"
            f" hour; on {held_out.hours * 60:.1f} minutes of held-out normal footage it gives"
            f" {held_out.alarms}, {held_out.per_hour:.2g} per hour (95%: {held_out.low:.2g} to"
            f" {held_out.high:.2g})"
        )
        of_member = f"{self.member}: " if self.member else ""
        return "\n".join(f"{of_member}{text}" for text in (line, threshold.note) if text)


def in_words(alarms: Iterable[Alarms]) -> str:
    """What all members have to say of their thresholds."""
    return "\n".join(one.in_words() for one in alarms)
