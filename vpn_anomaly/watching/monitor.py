"""What one frame of a source says: its scores, how improbable they are when normal, and events."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.member_stream import Watched
from vpn_anomaly.scoring.scores import score_named
from vpn_anomaly.scoring.stream_detector import ANY, Detection, StreamDetector, detect_together
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching import alarms
from vpn_anomaly.watching.boxes import Box, anomalous_box
from vpn_anomaly.watching.event_finder import EventFinder, Watch
from vpn_anomaly.watching.events import Change, Event, Observation
from vpn_anomaly.watching.light import LightGuard
from vpn_anomaly.watching.settings import WatchSettings


class OpenEvent(NamedTuple):
    """An event that is open in a frame.

    Attributes:
        kind: of event.
        box: in this frame; None: not known.
        member: that found it; empty for a single model.
    """

    kind: str
    box: Box | None
    member: str = ""


class FrameResult(NamedTuple):
    """What was found in a frame.

    Attributes:
        scores: by column; empty for the first frames of a source.
        p: p-value by key: of a member, the kind of event.
        maps: by name of the member, at its size; empty where there are no scores.
        changes: of events, by this frame.
        open: the events that are open.
        under_way: by key, the event so far that is open or about to be.
        light: the light changed.
    """

    scores: dict[str, float]
    p: dict[str, float]
    maps: dict[str, Maps]
    changes: list[Change]
    open: list[OpenEvent]
    under_way: dict[str, Event]
    light: bool


class Monitor:
    """Monitors frames of one size with a trained detector.

    Attributes:
        alarms: the thresholds of each member, in their order.
        columns: all scores that frames have, in the order of columns.
        watched: what events are found by, by key.
        score_threshold: from which on a frame opens an event, in units of the score, by key.
        first_frame: the number of the first frame of a source that has scores.
        members: their names; empty for a single model.
    """

    alarms: tuple[alarms.Alarms, ...]
    columns: tuple[str, ...]
    watched: Mapping[str, Watched]
    score_threshold: Mapping[str, float]
    first_frame: int
    members: tuple[str, ...]

    def __init__(self, detector: StreamDetector, settings: WatchSettings, rate: float):
        """rate: frames per second. UserError for settings that contradict each other."""
        self._detector, self.watched = detector, detector.watched
        self.first_frame, self.members = detector.first_frame, detector.names
        self.columns = (*detector.columns, ANY) if self.members else detector.columns
        self.alarms = tuple(alarms.Alarms.of(member, settings, rate) for member in detector.alarming)
        self.score_threshold = {key: at for one in self.alarms for key, at in one.score_threshold.items()}
        self._watches = {
            key: Watch(detector.watched[key].kind, one.events, one.member)
            for one in self.alarms
            for key in one.score_threshold
        }
        self._key_of = {(watched.member, watched.kind): key for key, watched in self.watched.items()}
        self.restart()

    def restart(self) -> None:
        """Begins another source: nothing before it is remembered."""
        self._ids = itertools.count()
        self.resume()

    def resume(self) -> None:
        """Goes on after a break in the source: only the numbers of its events go on."""
        self._detector.restart()
        self._finder = EventFinder(self._watches, self._ids)
        self._light = LightGuard()
        self._open: dict[str, bool] = {}
        self._boxes: dict[str, Box | None] = {}

    def update(self, frame: Frame) -> FrameResult:
        """Takes in the next frame of the source."""
        return update_together([self], [frame])[0]

    def _result(self, frame: Frame, found: Detection) -> FrameResult:
        light = self._light.update(frame.image.mean(-1).round().astype(np.uint8))
        score = {key: found.scores[self.watched[key].column] for key in found.p}
        self._boxes = {
            key: self._box(key, found, frame)
            for key, p in found.p.items()
            if p <= self._watches[key].settings.close_p
        }
        changes = self._finder.update(
            Observation(frame.index, frame.time, found.p, score, self._boxes, light)
        )
        for change in changes:
            self._open[self._key_of[change.event.member, change.event.kind]] = change.what != "end"
        scores = {**found.scores, ANY: found.any} if self.members and found.any is not None else found.scores
        return FrameResult(
            scores,
            found.p,
            {name: look.maps for name, look in found.looks.items()},
            changes,
            [self._open_event(key) for key, is_open in self._open.items() if is_open],
            self._finder.under_way,
            light,
        )

    def _box(self, key: str, found: Detection, frame: Frame) -> Box | None:
        """In pixels of the frame. What a member that does not look at it said before stands."""
        watched = self.watched[key]
        look = found.looks[watched.member]
        if key in self._boxes and not look.new:
            return self._boxes[key]
        box = anomalous_box(score_named(watched.score), look.maps)
        return None if box is None else box.scaled(look.maps.counted.shape, frame.image.shape[:2])

    def _open_event(self, key: str) -> OpenEvent:
        return OpenEvent(self.watched[key].kind, self._boxes.get(key), self.watched[key].member)

    def finish(self) -> list[Change]:
        """The ends of the events that are open where the source ends."""
        return self._finder.finish()

    def threshold_in_words(self) -> str:
        """What the thresholds are, what came of them on held-out footage, and notes on them, in lines."""
        return "\n".join([alarms.in_words(self.alarms), *self._detector.distrust])


def update_together(monitors: Sequence[Monitor], frames: Sequence[Frame]) -> list[FrameResult]:
    """Takes in the next frame of each of several sources; the model's part of it is done in batches.

    monitors: different ones, whose detectors differ only in their streams (`StreamDetector.another_stream`).
    """
    found = detect_together([monitor._detector for monitor in monitors], frames)
    return [monitor._result(*of) for monitor, *of in zip(monitors, frames, found, strict=True)]
