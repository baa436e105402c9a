"""From observations, frame by frame, to events that begin, change and end."""

import collections
import dataclasses
import itertools
import math
from collections.abc import Iterator

from vpn_anomaly.scoring.event_kinds import KIND_NAMES
from vpn_anomaly.watching.events import Change, Event, EventSettings, Moment, Observation, Peak

# A rising peak is reported again after so many seconds at the earliest: it may rise with every frame.
CHANGE_PERIOD = 1.0


class EventFinder:
    """Finds the events of a stream while it runs.

    It looks only at past frames, and holds no more of a long stream than of a short one:
    the moments of the last `settings.before` frames and at most one event per kind. Events of
    different kinds are separate, also at the same time.

    While the light changes, and `settings.light_change` frames after, no run of anomalous frames
    opens, and an event that has not yet reached its minimum length is dropped: its first frames may
    have been those of the change. An event that has begun goes on, but such a frame is never its
    peak.

    Args:
      ids: where the events' numbers come from, if they go on from another stream.
    """

    def __init__(self, settings: EventSettings, ids: Iterator[int] | None = None):
        self._settings = settings
        # The frames that an event which opens now would keep before its first one, and that one.
        self._recent = collections.deque(maxlen=settings.before + 1)
        self._frames_since_light = math.inf
        ids = itertools.count() if ids is None else ids
        self._tracks = {kind: _Track(kind, settings, ids) for kind in KIND_NAMES}

    def update(self, observation: Observation) -> list[Change]:
        """Takes in the next frame and returns what is new by it, in the order of EVENT_KINDS.

        An event begins with the frame that gives it its minimum length, and ends with the frame
        that exceeds merge_gap.

        Raises:
          ValueError: the frame is not later than the one before, or a kind is not one of EVENT_KINDS.
        """
        unknown = observation.p.keys() - set(KIND_NAMES)
        if unknown:
            raise ValueError(f"kinds {sorted(unknown)}; known are {', '.join(KIND_NAMES)}")
        moment = Moment(observation.index, observation.time)
        if self._recent and moment.index <= self._recent[-1].index:
            raise ValueError(f"frame {moment.index} comes after frame {self._recent[-1].index}")
        self._recent.append(moment)
        self._frames_since_light = 0 if observation.light else self._frames_since_light + 1
        guarded = self._frames_since_light <= self._settings.light_change
        changes = []
        for kind, track in self._tracks.items():
            peak = Peak(
                moment,
                observation.score.get(kind, math.nan),
                observation.p.get(kind, math.nan),
                observation.box.get(kind),
            )
            changes += track.update(peak, self._recent[0], guarded)
        return changes

    def finish(self) -> list[Change]:
        """Returns the ends of the events that are open where the stream ends."""
        return [change for track in self._tracks.values() for change in track.finish()]

    @property
    def peaks(self) -> dict[str, Moment]:
        """The peak so far by kind: of each event that is open, or would be if it gets long enough."""
        return {kind: track.peak for kind, track in self._tracks.items() if track.peak is not None}


class _Track:
    """The events of one kind, one after the other."""

    def __init__(self, kind: str, settings: EventSettings, ids):
        self._kind, self._settings, self._ids = kind, settings, ids
        self._event: Event | None = None  # without an id while it is shorter than the minimum
        self._in_run = False  # the frame before was anomalous
        self._quiet = 0  # frames since the last anomalous one
        self._raised = False  # the peak since the last change
        self._reported_at = -math.inf  # seconds

    def update(self, frame: Peak, kept_from: Moment, guarded: bool) -> list[Change]:
        if guarded and self._event is not None and self._event.id is None:
            self._event, self._in_run = None, False
        opens = frame.p <= self._settings.open_p and not guarded
        self._in_run = opens or (self._in_run and frame.p <= self._settings.close_p)
        if self._in_run:
            self._add(frame, kept_from, guarded)
        elif self._event is not None:
            self._quiet += 1
            if self._quiet <= self._settings.after:
                self._event = dataclasses.replace(self._event, kept_to=frame.moment)
            if self._quiet > self._settings.merge_gap:
                return self.finish()
        return self._changes(frame.moment.time)

    @property
    def peak(self) -> Moment | None:
        return None if self._event is None else self._event.peak.moment

    def finish(self) -> list[Change]:
        event, self._event, self._in_run = self._event, None, False
        return [Change("end", event)] if event is not None and event.id is not None else []

    def _add(self, frame: Peak, kept_from: Moment, guarded: bool) -> None:
        """Makes an anomalous frame part of the event."""
        event, moment, self._quiet = self._event, frame.moment, 0
        if event is None:
            self._event = Event(self._kind, None, moment, moment, kept_from, moment, frame, 1)
            return
        peak = event.peak
        if frame.score > peak.score and not guarded:
            peak, self._raised = frame, True
        self._event = dataclasses.replace(
            event, end=moment, kept_to=moment, peak=peak, frames=event.frames + 1
        )

    def _changes(self, time: float) -> list[Change]:
        event = self._event
        if event is None or event.frames < self._settings.minimum_frames:
            return []
        if event.id is None:
            what, self._event = "begin", dataclasses.replace(event, id=next(self._ids))
        elif self._raised and time - self._reported_at >= CHANGE_PERIOD:
            what = "change"
        else:
            return []
        self._raised, self._reported_at = False, time
        return [Change(what, self._event)]
