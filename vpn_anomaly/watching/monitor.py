"""What one frame of a source means: its scores, how improbable they are when normal, and events."""

import itertools
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.frame_view import surprise_map_name
from vpn_anomaly.scoring.scores import DETAIL_SIZE, event_scores
from vpn_anomaly.scoring.stream_calibration import build_normal_footage, stream_calibration
from vpn_anomaly.scoring.stream_scorer import Streamer
from vpn_anomaly.scoring.trained_model import Trained
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.boxes import Box, anomalous_box
from vpn_anomaly.watching.event_finder import EventDetector
from vpn_anomaly.watching.events import Change, EventSettings, Moment, Observation
from vpn_anomaly.watching.light import LightGuard
from vpn_anomaly.watching.threshold import (
    RealisedRate,
    Threshold,
    alarm_threshold,
    rate_a_frame,
    realised_rate,
)
from vpn_anomaly.watching.zones import read_zones


class Seen(NamedTuple):
    """What the watcher makes of a frame.

    Attributes:
        scores: by name; empty for the first frames of a source.
        p: p-value by kind of event.
        maps: None where there are no scores.
        changes: news of events.
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


class Watcher:
    """Watches frames of one size with a trained system.

    Attributes:
        threshold: p-value of a frame that opens an event, for each kind.
        held_out: false alarms on normal footage that was neither trained nor calibrated with.
        score_of_kind: the name of the score that finds each kind of event.
        score_threshold: the same threshold in units of that score, by kind.
        first_frame: the number of the first frame of a source that has scores.
    """

    threshold: Threshold
    held_out: RealisedRate
    score_of_kind: dict[str, str]
    score_threshold: dict[str, float]
    first_frame: int

    def __init__(self, config, trained: Trained, height: int, width: int, rate: float):
        """rate: frames a second that are watched.

        UserError for zones that cannot be read, settings that do not fit, and footage of another
        size.
        """
        limit = memory_limit.for_footage(config.data.video.max_gigabytes)
        zones_HxW = read_zones(config.watch.zones, height, width, limit) if config.watch.zones else None
        scorer = trained.scorer(config)
        self.first_frame = scorer.system.first_frame
        self._streamer = Streamer(
            scorer.system, scorer.params, scorer.shift_Mx2, height, width, zones_HxW, config.watch.tail
        )
        self.score_of_kind = event_scores(scorer.system, config.watch.tail)
        normal = stream_calibration(trained, self._streamer, build_normal_footage(config))
        self._calibration = normal.calibration
        self._false_alarms_per_hour = config.watch.false_alarms
        rate_of_frames = rate_a_frame(self._false_alarms_per_hour, rate)
        self.threshold = alarm_threshold(rate_of_frames, len(self.score_of_kind), normal.frames)
        self.score_threshold = {
            kind: self._calibration.threshold(score, self.threshold.p)
            for kind, score in self.score_of_kind.items()
        }
        self._settings = _event_settings(config.watch, self.threshold.p)
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
        self._detector = EventDetector(self._settings, self._ids)
        self._guard, self._open = LightGuard(), {}

    def see(self, frame: Frame) -> Seen:
        """Takes in the next frame of the source."""
        scores, maps = self._streamer(frame.image)
        light = self._guard.update(frame.image.mean(-1).round().astype(np.uint8))
        p = (
            {
                kind: float(self._calibration.p_value(name, scores[name]))
                for kind, name in self.score_of_kind.items()
            }
            if scores
            else {}
        )
        boxes = {kind: _box(kind, maps) for kind in p if p[kind] <= self._settings.close_p}
        of_kind = {kind: scores[self.score_of_kind[kind]] for kind in p}
        observation = Observation(frame.index, frame.time, p, of_kind, boxes, light)
        changes = self._detector.update(observation)
        for change in changes:
            self._open[change.event.kind] = change.what != "end"
        shown = [(kind, boxes.get(kind)) for kind, is_open in self._open.items() if is_open]
        return Seen(scores, p, maps, changes, shown, self._detector.peaks, light)

    def finish(self) -> list[Change]:
        """The ends of the events that are open where the source ends."""
        return self._detector.finish()

    def threshold_in_words(self) -> str:
        """What the threshold is, what came of it on held-out footage, and its note if it has one."""
        threshold, held_out = self.threshold, self.held_out
        line = (
            f"threshold: p ≤ {threshold.p:.2g} a frame and kind, for {self._false_alarms_per_hour:g} false alarms an"
            f" hour; on {held_out.hours * 60:.1f} minutes of held-out normal footage it gives"
            f" {held_out.alarms}, {held_out.an_hour:.2g} an hour (95%: {held_out.low:.2g} to"
            f" {held_out.high:.2g})"
        )
        return "\n".join([line, threshold.note] if threshold.note else [line])


def _event_settings(watch, open_p: float) -> EventSettings:
    return EventSettings(
        open_p=open_p,
        close_p=max(open_p, min(0.5, watch.hysteresis * open_p)),
        merge_gap=watch.merge_gap,
        minimum_frames=watch.minimum_frames,
        before=watch.before,
        after=watch.after,
        light_change=watch.light_change,
    )


def _box(kind: str, maps: Maps) -> Box | None:
    """Where an event of this kind is, by the map behind its score."""
    if kind in maps.variance:
        return anomalous_box(maps.value[kind], maps.variance[kind], maps.counted, maps.windows)
    surprise_HxW = maps.value[surprise_map_name(maps)]
    expected = maps.mean.get(kind, surprise_HxW[maps.counted].mean())
    sizes = (DETAIL_SIZE,) if kind == "detail" else maps.windows
    return anomalous_box(surprise_HxW - expected, np.ones_like(surprise_HxW), maps.counted, sizes)
