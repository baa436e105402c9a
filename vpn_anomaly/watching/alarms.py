"""When a member of a detector raises an alarm, and what that would have given on normal footage."""

import dataclasses
from collections.abc import Iterable, Mapping

from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.support import Threshold
from vpn_anomaly.watching.events import EventSettings
from vpn_anomaly.watching.settings import WatchSettings
from vpn_anomaly.watching.threshold import SECONDS_PER_HOUR, alarm_threshold, rate_per_frame


@dataclasses.dataclass(frozen=True)
class Alarms:
    """The thresholds of one member.

    Attributes:
        member: its name; empty for a single model.
        asked: false alarms per hour that it was to raise at most.
        looks: frames per hour that it looks at.
        threshold: p-value of a frame that opens an event, for each of its kinds.
        held_out: false alarms of the normal clips, each at the threshold of the others.
        score_threshold: the same threshold in units of the score, by key.
        events: the rules of its events.
    """

    member: str
    asked: float
    looks: float
    threshold: Threshold
    held_out: FalseAlarms
    score_threshold: Mapping[str, float]
    events: EventSettings

    @classmethod
    def of(cls, member: MemberStream, settings: WatchSettings, rate: float) -> "Alarms":
        """rate: frames per second. UserError for settings that contradict each other."""
        normal, scores = member.normal, [watched.score for watched in member.watched.values()]
        looks = rate / member.every
        allowed_per_look = rate_per_frame(settings.false_alarms, looks) * member.share
        support = normal.support(scores)
        threshold = alarm_threshold(allowed_per_look, len(scores), support, settings.extrapolate)
        return cls(
            member.name,
            settings.false_alarms * member.share,
            looks * SECONDS_PER_HOUR,
            threshold,
            normal.false_alarms(scores, threshold.p),
            {
                key: normal.calibration.threshold(watched.score, threshold.p)
                for key, watched in member.watched.items()
            },
            settings.events(threshold.p),
        )

    @property
    def stated(self) -> float:
        """False alarms per hour that the threshold is for: at most so many."""
        return min(1.0, self.threshold.p * len(self.score_threshold)) * self.looks

    def in_words(self) -> str:
        """The threshold, what it is for, what comes of it in normal clips, and its note if it has one, in lines."""
        threshold, held_out = self.threshold, self.held_out
        asked = f" ({self.asked:g} were asked for)" if self.stated > 1.001 * self.asked else ""
        raised, low, high = (_number(per_look * self.looks) for per_look in held_out.per_frame)
        line = (
            f"threshold: p ≤ {threshold.p:.2g} per frame and kind, for at most {_number(self.stated)} false alarms"
            f" per hour{asked}; {held_out.clips} clips of normal footage"
            f" ({held_out.frames / self.looks * 60:.1f} minutes), each at the threshold of the others, raise"
            f" {held_out.alarms}, {raised} per hour (95% over clips: {low} to {high})"
        )
        of_member = f"{self.member}: " if self.member else ""
        return "\n".join(f"{of_member}{text}" for text in (line, threshold.note) if text)


def in_words(alarms: Iterable[Alarms]) -> str:
    """What all members have to say of their thresholds."""
    return "\n".join(one.in_words() for one in alarms)


def _number(per_hour: float) -> str:
    return f"{per_hour:,.0f}" if per_hour >= 100 else f"{per_hour:.2g}"
