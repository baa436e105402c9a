"""What one frame of a source says: its scores, how improbable they are when normal, and events."""

import itertools
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.scores import event_scores, score_named, score_names
from vpn_anomaly.scoring.stream_calibration import StreamCalibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.boxes import Box, anomalous_box
from vpn_anomaly.watching.event_finder import EventFinder
from vpn_anomaly.watching.events import Change, Moment, Observation
from vpn_anomaly.watching.light import LightGuard
from vpn_anomaly.watching.settings import WatchSettings
from vpn_anomaly.watching.threshold import (
    RealisedRate,
    Threshold,
    alarm_threshold,
    rate_per_frame,
    realised_rate,
)


class FrameResult(NamedTuple):
    """What was found in a frame.

    Attributes:
        scores: by name; empty for the first frames of a source.
        p: p-value by kind of event.
        maps: None where there are no scores.
        changes: of events, by this frame.
        boxes: kind and box of each event that is open, in this frame (None: not known).
        peaks: by kind, the peak so far of each event that is open or about to be.
        light: the light changed.
    """

    scores: dict[str, float]
    p: dict[str, float]
    maps: Maps | None
    changes: list[Change]
    boxes: list[tuple[str, Box | None]]
    peaks: dict[str, Moment]
    light: bool


class Monitor:
    """Monitors frames of one size with a trained system.

    Attributes:
        threshold: p-value of a frame that opens an event, for each kind.
        held_out: false alarms on normal footage that was neither trained nor calibrated with.
        score_names: all scores that frames have, in the order of columns.
        score_of_kind: the name of the score that finds each kind of event.
        score_threshold: the same threshold in units of that score, by kind.
        first_frame: the number of the first frame of a source that has scores.
    """

    threshold: Threshold
    held_out: RealisedRate
    score_names: tuple[str, ...]
    score_of_kind: dict[str, str]
    score_threshold: dict[str, float]
    first_frame: int

    def __init__(
        self, streamer: StreamScorer, normal: StreamCalibration, settings: WatchSettings, rate: float
    ):
        """normal: scores of normal frames by this streamer. rate: frames per second.

        UserError for settings that contradict each other.
        """
        self._streamer, self._calibration = streamer, normal.calibration
        self._false_alarms = settings.false_alarms
        self.first_frame = streamer.system.first_frame
        self.score_names = score_names(streamer.system, streamer.tail)
        self.score_of_kind = event_scores(streamer.system, streamer.tail)
        rate_of_frames = rate_per_frame(settings.false_alarms, rate)
        self.threshold = alarm_threshold(rate_of_frames, len(self.score_of_kind), normal.frames)
        self.score_threshold = {
            kind: self._calibration.threshold(score, self.threshold.p)
            for kind, score in self.score_of_kind.items()
        }
        self._event_settings = settings.events(self.threshold.p)
        p_by_kind = [
            self._calibration.p_value(score, normal.held_out[score]) for score in self.score_of_kind.values()
        ]
        self.held_out = realised_rate(np.min(p_by_kind, axis=0) <= self.threshold.p, rate)
        self.restart()

    def restart(self) -> None:
        """Begins another source: nothing before it is remembered."""
        self._ids = itertools.count()
        self.resume()

    def resume(self) -> None:
        """Goes on after a break in the source: only the numbers of its events go on."""
        self._streamer.restart()
        self._finder = EventFinder(self._event_settings, self._ids)
        self._light, self._open = LightGuard(), {}

    def update(self, frame: Frame) -> FrameResult:
        """Takes in the next frame of the source."""
        scores, maps = self._streamer(frame.image)
        light = self._light.update(frame.image.mean(-1).round().astype(np.uint8))
        of_kind = {kind: scores[name] for kind, name in self.score_of_kind.items()} if scores else {}
        p = {
            kind: float(self._calibration.p_value(self.score_of_kind[kind], score))
            for kind, score in of_kind.items()
        }
        boxes = {
            kind: anomalous_box(score_named(self.score_of_kind[kind]), maps)
            for kind in p
            if p[kind] <= self._event_settings.close_p
        }
        changes = self._finder.update(Observation(frame.index, frame.time, p, of_kind, boxes, light))
        for change in changes:
            self._open[change.event.kind] = change.what != "end"
        of_open = [(kind, boxes.get(kind)) for kind, is_open in self._open.items() if is_open]
        return FrameResult(scores, p, maps, changes, of_open, self._finder.peaks, light)

    def finish(self) -> list[Change]:
        """The ends of the events that are open where the source ends."""
        return self._finder.finish()

    def threshold_in_words(self) -> str:
        """What the threshold is, what came of it on held-out footage, and its note if it has one."""
        threshold, held_out = self.threshold, self.held_out
        line = (
            f"threshold: p ≤ {threshold.p:.2g} per frame and kind, for {self._false_alarms:g} false alarms per"
            f" hour; on {held_out.hours * 60:.1f} minutes of held-out normal footage it gives"
            f" {held_out.alarms}, {held_out.per_hour:.2g} per hour (95%: {held_out.low:.2g} to"
            f" {held_out.high:.2g})"
        )
        return "\n".join([line, threshold.note] if threshold.note else [line])
