"""Events: what is known of them, and the rules by which frames become events."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from vpn_anomaly.catalogue import names
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MEMBERS
from vpn_anomaly.scoring.event_kinds import KIND_NAMES, label
from vpn_anomaly.watching.boxes import Box


@dataclasses.dataclass(frozen=True)
class EventSettings:
    """The rules of all kinds of events. Lengths are in frames, as they are observed.

    Attributes:
      open_p: a frame whose p-value is at or below it opens a run of anomalous frames.
      close_p: the run goes on while the p-value is at or below this one, open_p or more.
      merge_gap: runs with at most so many quiet frames between them are one event.
      minimum_frames: an event begins when it has so many anomalous frames; one with fewer is none.
      before, after: frames that are kept before the first and after the last anomalous one, as far
        as the stream has them. `after` is at most merge_gap: an event ends, once and for all, when
        merge_gap has passed, and by then these frames have been seen.
      light_change: frames after a change of light in which no event may begin. A model that looks
        at K frames needs K of them to forget the old light.

    Raises:
      UserError: a value is out of its range.
    """

    open_p: float
    close_p: float
    merge_gap: int
    minimum_frames: int
    before: int
    after: int
    light_change: int

    def __post_init__(self):
        for name in ("open_p", "close_p"):
            if not 0 < getattr(self, name) < 1:
                raise UserError(f"{name}={getattr(self, name)}: give a p-value between 0 and 1")
        if self.close_p < self.open_p:
            raise UserError(
                f"close_p={self.close_p} is less than open_p={self.open_p}, so that an event would"
                f" end where it begins; set close_p to {self.open_p} or more"
            )
        least = {"minimum_frames": 1}
        for name in ("merge_gap", "minimum_frames", "before", "after", "light_change"):
            frames, lowest = getattr(self, name), least.get(name, 0)
            if not isinstance(frames, int) or isinstance(frames, bool) or frames < lowest:
                raise UserError(f"{name}={frames}: give a whole number of frames, {lowest} or more")
        if self.after > self.merge_gap:
            raise UserError(
                f"after={self.after} is more than merge_gap={self.merge_gap}: the next event could"
                f" lie in these frames; set merge_gap to {self.after} or more, or after to"
                f" {self.merge_gap} or less"
            )


class Moment(NamedTuple):
    """A frame of the stream: its index, and its time in seconds."""

    index: int
    time: float


@dataclasses.dataclass(frozen=True)
class Observation:
    """The p-values, scores and boxes of one frame of the stream, by key: a kind of event of a member.

    Attributes:
      index: of the frame; it grows from one observation to the next.
      time: of the frame, in seconds.
      p: p-value by key. One that is absent or NaN (the first frames of a stream have no scores)
        is quiet.
      score: the score behind every p-value, higher for a more anomalous frame.
      box: where in the frame, by key; None or absent: not known.
      light: the light changed over the whole frame.
    """

    index: int
    time: float
    p: Mapping[str, float] = dataclasses.field(default_factory=dict)
    score: Mapping[str, float] = dataclasses.field(default_factory=dict)
    box: Mapping[str, Box | None] = dataclasses.field(default_factory=dict)
    light: bool = False


class Peak(NamedTuple):
    """The frame of an event with the highest score, the first of equals."""

    moment: Moment
    score: float
    p: float
    box: Box | None


@dataclasses.dataclass(frozen=True)
class Event:
    """An event as it is known so far.

    Attributes:
      kind: the name of one of EVENT_KINDS.
      id: counted from 0 over all keys in the order in which events begin; None before.
      start, end: its first and its last anomalous frame.
      kept_from, kept_to: the range with the frames before and after.
      peak: its most anomalous frame, with the box of this frame. Like the picture that camera
        software keeps of an event, the box shows one moment: a box round all places of a thing that
        moves would soon be the whole frame.
      frames: the number of anomalous frames; quiet ones between merged runs are not among them.
      member: the name of the member that found it; empty for a single model.
    """

    kind: str
    id: int | None
    start: Moment
    end: Moment
    kept_from: Moment
    kept_to: Moment
    peak: Peak
    frames: int
    member: str = ""

    @property
    def label(self) -> str:
        """What it is called before people."""
        return label(self.kind, self.member)


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of an event: `what` is "begin", "change" (a higher peak) or "end"."""

    what: str
    event: Event

    def as_record(self) -> dict:
        """The change as one line of JSON needs it: strings, numbers, a list or None.

        Frames are indices, times are in seconds, box is [top, left, bottom, right] or None. There is a
        member only where the event has one.
        """
        event, peak = self.event, self.event.peak
        record = {"what": self.what, "event": event.id, "kind": event.kind}
        if event.member:
            record["member"] = event.member
        for name, moment in (
            ("start", event.start),
            ("end", event.end),
            ("kept_from", event.kept_from),
            ("kept_to", event.kept_to),
            ("peak", peak.moment),
        ):
            record[f"{name}_frame"] = int(moment.index)
            record[f"{name}_time"] = float(moment.time)
        record |= {"score": float(peak.score), "p": float(peak.p), "frames": event.frames}
        record["box"] = None if peak.box is None else [int(edge) for edge in peak.box]
        return record


def kinds_in_words(count: Mapping[tuple[str, str], int]) -> str:
    """How many events there are of which kind, by member and kind: "2 missing, 1 appearance detail"."""
    members = ("", *names(MEMBERS))
    in_order = sorted(count, key=lambda one: (members.index(one[0]), KIND_NAMES.index(one[1])))
    return ", ".join(f"{count[member, kind]} {label(kind, member)}" for member, kind in in_order)
