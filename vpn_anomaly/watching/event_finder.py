"""From observations, frame by frame, to events that begin, change and end."""

import collections
import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from vpn_anomaly.watching.events import Change, Event, EventSettings, Moment, Observation, Peak

# A rising peak is reported again after so many seconds at the earliest: it may rise with every frame.
CHANGE_PERIOD = 1.0


class Watch(NamedTuple):
    """What is watched for under a key.

    Attributes:
      kind: of event, one of EVENT_KINDS.
      settings: the rules of these events.
      member: whose events they are; empty for a single model.
    """

    kind: str
    settings: EventSettings
    member: str = ""


class EventFinder:
    """Finds the events of a stream while it runs.

    It looks only at past frames, and holds no more of a long stream than of a short one: the moments
    of the last `before` frames and at most one event per key. Events of different keys are separate,
    also at the same time.

    While the light changes, and `light_change` frames after, no run of anomalous frames opens, and an
    event that has not yet reached its minimum length is dropped: its first frames may have been those
    of the change. An event that has begun goes on, but such a frame is never its peak.

    Args:
      watches: by key, at least one. Their settings differ in nothing but p-values.
      ids: where the events' numbers come from, if they go on from another stream.
    """

    def __init__(self, watches: Mapping[str, Watch], ids: Iterator[int] | None = None):
        first, *_ = watches.values()
        self._light_change = first.settings.light_change
        # The frames that an event which opens now would keep before its first one, and that one.
        self._recent: collections.deque[Moment] = collections.deque(maxlen=first.settings.before + 1)
        self._frames_since_light = math.inf
        ids = itertools.count() if ids is None else ids
        self._tracks = {key: _Track(watch, ids) for key, watch in watches.items()}

    def update(self, observation: Observation) -> list[Change]:
        """Takes in the next frame and returns what is new by it, in the order of the keys.

        An event begins with the frame that gives it its minimum length, and ends with the frame
        that exceeds merge_gap.

        Raises:
          ValueError: the frame is not later than the one before, or a key is not watched for.
        """
        unknown = observation.p.keys() - self._tracks.keys()
        if unknown:
            raise ValueError(f"keys {sorted(unknown)}; known are {', '.join(self._tracks)}")
        moment = Moment(observation.index, observation.time)
        if self._recent and moment.index <= self._recent[-1].index:
            raise ValueError(f"frame {moment.index} comes after frame {self._recent[-1].index}")
        self._recent.append(moment)
        self._frames_since_light = 0 if observation.light else self._frames_since_light + 1
        guarded = self._frames_since_light <= self._light_change
        changes = []
        for key, track in self._tracks.items():
            peak = Peak(
                moment,
                observation.score.get(key, math.nan),
                observation.p.get(key, math.nan),
                observation.box.get(key),
            )
            changes += track.update(peak, self._recent[0], guarded)
        return changes

    def finish(self) -> list[Change]:
        """Returns the ends of the events that are open where the stream ends."""
        return [change for track in self._tracks.values() for change in track.finish()]

    @property
    def under_way(self) -> dict[str, Event]:
        """By key: each event so far that is open, or would be if it gets long enough."""
        return {key: track.event for key, track in self._tracks.items() if track.event is not None}


class _Track:
    """The events of one key, one after the other.

    Attributes:
      event: that is under way, without an id while it is shorter than the minimum; None: there is none.
    """

    def __init__(self, watch: Watch, ids: Iterator[int]):
        self._watch, self._settings, self._ids = watch, watch.settings, ids
        self.event: Event | None = None
        self._in_run = False  # the frame before was anomalous
        self._quiet = 0  # frames since the last anomalous one
        self._raised = False  # the peak since the last change
        self._reported_at = -math.inf  # seconds

    def update(self, frame: Peak, kept_from: Moment, guarded: bool) -> list[Change]:
        if guarded and self.event is not None and self.event.id is None:
            self.event, self._in_run = None, False
        opens = frame.p <= self._settings.open_p and not guarded
        self._in_run = opens or (self._in_run and frame.p <= self._settings.close_p)
        if self._in_run:
            self._add(frame, kept_from, guarded)
        elif self.event is not None:
            self._quiet += 1
            if self._quiet <= self._settings.after:
                self.event = dataclasses.replace(self.event, kept_to=frame.moment)
            if self._quiet > self._settings.merge_gap:
                return self.finish()
        return self._changes(frame.moment.time)

    def finish(self) -> list[Change]:
        event, self.event, self._in_run = self.event, None, False
        return [Change("end", event)] if event is not None and event.id is not None else []

    def _add(self, frame: Peak, kept_from: Moment, guarded: bool) -> None:
        """Makes an anomalous frame part of the event."""
        event, moment, self._quiet = self.event, frame.moment, 0
        if event is None:
            kind, _, member = self._watch
            self.event = Event(kind, None, moment, moment, kept_from, moment, frame, 1, member)
            return
        peak = event.peak
        if frame.score > peak.score and not guarded:
            peak, self._raised = frame, True
        self.event = dataclasses.replace(
            event, end=moment, kept_to=moment, peak=peak, frames=event.frames + 1
        )

    def _changes(self, time: float) -> list[Change]:
        event = self.event
        if event is None or event.frames < self._settings.minimum_frames:
            return []
        if event.id is None:
            what, self.event = "begin", dataclasses.replace(event, id=next(self._ids))
        elif self._raised and time - self._reported_at >= CHANGE_PERIOD:
            what = "change"
        else:
            return []
        self._raised, self._reported_at = False, time
        return [Change(what, self.event)]
