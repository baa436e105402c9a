"""Watches a source: scores, events and an annotated video, written as its frames come."""

import collections
import contextlib
import dataclasses
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping

from vpn_anomaly.data.build import build_look
from vpn_anomaly.data.video import Video, open_video, sources
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.trained import Trained
from vpn_anomaly.pace import Pace
from vpn_anomaly.training.signals import StopRequest
from vpn_anomaly.watching.annotate import AnnotatedVideo
from vpn_anomaly.watching.events import KINDS, Change
from vpn_anomaly.watching.live import Live, LiveFrame
from vpn_anomaly.watching.score_log import EventLog, ScoreLog
from vpn_anomaly.watching.streamer import score_names
from vpn_anomaly.watching.watcher import Watcher, kind_scores, surprise_map

BRIGHTEST = 12.0  # nats; a pixel of normal frames is at about 1


def watch(
    config,
    trained: Trained,
    where: str,
    outputs: Mapping[str, pathlib.Path],
    max_frames: int | None = None,
) -> None:
    """Watches all sources that `where` names, one after the other; ends at SIGTERM or `max_frames`.

    What breaks on the way is told in a line, and what was seen until then stays.

    Args:
        outputs: `scores`, `events` and `video`, each if wanted.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when all files are closed.
        UserError: for a run that was not trained on videos, a source that cannot be opened or is too
            short for a score, thresholds that cannot be had, an output that cannot be written.
    """
    if config.data.source != "video":
        raise UserError("--mode=watch needs a run that was trained on videos; train one with"
                        " --config=configs/video.py --config.data.path='normal/*.mp4'")
    names = sources(where)
    if "video" in outputs and len(names) > 1:
        raise UserError(f"--video takes one source, but --input={where} names {len(names)}; watch one"
                        " at a time, or leave --video out")
    with contextlib.ExitStack() as stack, StopRequest() as stop:
        session = _Session(config, trained, outputs, max_frames, stop, stack)
        for name in names:
            if session.goes_on:
                session.watch(name)
        print(session.summary(), flush=True)
    if stop.interrupted:
        raise KeyboardInterrupt
    session.tell_short_sources()


class _Session:
    """All sources of one call. `stack` closes what it opens."""

    def __init__(self, config, trained, outputs, max_frames, stop, stack):
        self._config, self._trained, self._outputs = config, trained, outputs
        self._look = dataclasses.replace(build_look(config.data), timeout=config.watch.timeout)
        self._left, self._stop, self._stack = max_frames, stop, stack
        self._score_of_kind = kind_scores(config.system, config.watch.tail)
        self._watchers: dict[tuple[int, int], Watcher] = {}
        self._frames, self._events = 0, collections.Counter()
        self._scored, self._short = 0, []  # frames with scores; lines on sources without any
        self._scores = self._event_log = self._video = None
        if "scores" in outputs:
            log = ScoreLog(outputs["scores"], score_names(config.system, config.watch.tail),
                           tuple(self._score_of_kind))
            self._scores = stack.enter_context(log)
        if "events" in outputs:
            self._event_log = stack.enter_context(EventLog(outputs["events"]))

    @property
    def goes_on(self) -> bool:
        """Whether there are frames left to watch."""
        return not self._stop.requested and self._left != 0

    def watch(self, name: str) -> None:
        """Watches one source to its end."""
        video = open_video(name, self._look)
        with contextlib.ExitStack() as stack:
            stack.callback(video.close)
            watcher = self._watcher(video)
            watcher.restart()
            progress = _Progress(video)
            piece, frames_before = 0, self._frames
            for frame, of_piece in self._frames_of(name, video, stack):
                if of_piece != piece:
                    self._tell(video.name, watcher.finish())
                    watcher.restart()
                    piece = of_piece
                self._see(video.name, watcher, frame)
                progress.frame(frame, sum(self._events.values()))
                if not self.goes_on:
                    break
            self._tell(video.name, watcher.finish())
        count = self._frames - frames_before
        if count <= watcher.first_frame and self.goes_on:
            self._short.append(f"{video.name}: {count} frames, but the first {watcher.first_frame} of a"
                               " source have no scores")
        if video.problem:
            print(f"{video.name}: {video.problem}", file=sys.stderr, flush=True)

    def summary(self) -> str:
        """What was seen, in one line."""
        kinds = ", ".join(f"{self._events[kind]} {kind}" for kind in KINDS if self._events[kind])
        return f"{self._frames:,} frames, {sum(self._events.values())} events" + (
            f" ({kinds})" if kinds else ""
        )

    def tell_short_sources(self) -> None:
        """A line for every source that was too short; UserError where nothing had a score."""
        if self._short and not self._scored:
            raise UserError(f"{self._short[0]}; give a longer one")
        for line in self._short:
            print(line, file=sys.stderr, flush=True)

    def _frames_of(self, name: str, video: Video, stack) -> Iterator[LiveFrame]:
        if not video.live:
            return (LiveFrame(frame, 0) for frame in video)
        live = stack.enter_context(Live(name, self._look, video=video, tell=_tell_live))
        self._stop.then = live.close
        stack.callback(lambda: print(
            f"{live.name}: {live.dropped} frames dropped, {live.reconnections} reconnections",
            file=sys.stderr, flush=True,
        ))
        return iter(live)

    def _watcher(self, video: Video) -> Watcher:
        """One for each frame size; a new one says what its threshold is worth."""
        if video.size not in self._watchers:
            source_rate = video.rate or self._look.frame_rate
            rate = min(self._look.rate or source_rate, source_rate)
            watcher = Watcher(self._config, self._trained, *video.size, rate)
            self._watchers[video.size] = watcher
            print(_threshold_line(watcher, self._config.watch.false_alarms), flush=True)
        return self._watchers[video.size]

    def _see(self, source: str, watcher: Watcher, frame) -> None:
        seen = watcher.see(frame)
        self._frames += 1
        self._scored += bool(seen.scores)
        if self._left is not None:
            self._left -= 1
        if self._scores is not None:
            self._scores.write(source, frame.index, frame.time, seen.scores, seen.p)
        self._tell(source, seen.changes)
        if "video" in self._outputs:
            self._annotate(frame, seen)

    def _tell(self, source: str, changes: list[Change]) -> None:
        for change in changes:
            if change.what == "begin":
                self._events[change.event.kind] += 1
            if self._event_log is not None:
                self._event_log.write(source, change)

    def _annotate(self, frame, seen) -> None:
        if self._video is None:
            height, width = frame.image.shape[:2]
            annotated = AnnotatedVideo(self._outputs["video"], height, width, self._look.frame_rate)
            self._video = self._stack.enter_context(annotated)
        maps = seen.maps
        map_HxW = None
        if maps is not None:
            name = surprise_map(maps)
            map_HxW = (maps.value[name] - maps.mean.get(name, 0)) * maps.counted
        line = "  ".join(f"{kind} {seen.scores[self._score_of_kind[kind]]:.1f}" for kind in seen.p)
        self._video.write(frame.image, frame.time, map_HxW, BRIGHTEST, [line], seen.boxes)


def _threshold_line(watcher: Watcher, allowed: float) -> str:
    held_out, note = watcher.held_out, watcher.threshold.note
    lines = [
        f"threshold: p ≤ {watcher.threshold.p:.2g} a frame and kind, for {allowed:g} false alarms an"
        f" hour; on {held_out.hours * 60:.1f} minutes of held-out normal footage it gives"
        f" {held_out.alarms}, {held_out.an_hour:.2g} an hour (95%: {held_out.low:.2g} to"
        f" {held_out.high:.2g})"
    ]
    return "\n".join(lines + ([note] if note else []))


def _tell_live(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Progress:
    """Tells on stderr how far a source is: one line that is redrawn, or one now and then."""

    def __init__(self, video: Video):
        self._video, self._pace, self._started, self._count = video, Pace(), None, 0

    def frame(self, frame, events: int) -> None:
        if self._started is None:  # the first frame, with the compilation: nothing to tell yet
            self._started = time.monotonic()
            return
        self._count += 1
        now = time.monotonic()
        redrawn = sys.stderr.isatty()
        if not (redrawn and self._count % 10 == 0 or not redrawn and self._pace.due(now, False)):
            return
        a_second = self._count / max(now - self._started, 1e-9)
        text = f"{self._video.name}: frame {frame.index}, {a_second:.1f} frames a second"
        if self._video.expected_frames:
            seconds = (self._video.expected_frames - 1 - frame.index) / max(a_second, 1e-9)
            text += f", {max(seconds, 0) / 60:.1f} min left"
        print(f"\r{text}, {events} events " if redrawn else f"{text}, {events} events",
              end="" if redrawn else "\n", file=sys.stderr, flush=True)
