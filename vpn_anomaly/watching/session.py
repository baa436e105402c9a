"""The sources of one watch, one after the other, and what is counted of them."""

import collections
import contextlib
import functools
import sys
from collections.abc import Iterable, Sequence

from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.open_video import Frame, Video, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.stream_detector import Size
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.text.printable_line import printable_line
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.events import Change, kinds_in_words
from vpn_anomaly.watching.live import Live
from vpn_anomaly.watching.monitor import Monitor
from vpn_anomaly.watching.output import Output, SkippedSource
from vpn_anomaly.watching.segments import SegmentFrame, segments
from vpn_anomaly.watching.watch_progress import WatchProgress


class Session:
    """Watches sources; the arguments are those of `watch`, and `stop` says when to end early."""

    def __init__(
        self,
        monitors: MonitorBuilder,
        outputs: Sequence[Output],
        max_frames: int | None,
        stop: StopRequest,
    ):
        self._settings, self._builder = monitors.settings, monitors
        self._outputs, self._frames_left, self._stop = outputs, max_frames, stop
        self._monitors: dict[tuple[Size, ...], Monitor] = {}
        self._refused: dict[tuple[Size, ...], UserError] = {}
        self._frames, self._scored_frames, self._events = 0, 0, collections.Counter()
        self._too_short: list[str] = []  # lines on sources without a scored frame
        self._skipped: list[SkippedSource] = []

    @property
    def goes_on(self) -> bool:
        """Whether there are frames left to watch."""
        return not self._stop.requested and self._frames_left != 0

    def watch(self, source: str, name: str, alone: bool = True) -> None:
        """Watches one source to its end. `name`: its display name.

        UserError where it cannot be watched and is the only one.
        """
        with contextlib.ExitStack() as stack:
            try:
                video = open_video(source, self._settings.video, name, stopped=lambda: self._stop.requested)
                stack.callback(video.close)
                monitor = self._monitor(video)
            except UserError as error:
                if self._stop.requested:  # while it waited for the first frame
                    return
                if alone:
                    raise
                self._skip(name, str(error))
                return
            frames_before = self._frames
            monitor.restart()
            for output in self._outputs:
                output.begin(video, monitor)
            self._watch_frames(video, monitor, self._frames_of(source, video, stack))
        count = self._frames - frames_before
        if count <= monitor.first_frame and self.goes_on:
            self._too_short.append(
                f"{video.name}: {count} frames, but the first {monitor.first_frame} of a"
                " source have no scores"
            )
        if video.problem:
            _print_notice(f"{video.name}: {video.problem}")

    def summary(self) -> str:
        """What was found, in one line."""
        kinds = kinds_in_words(self._events)
        return f"{self._frames:,} frames, {self._events.total()} events" + (f" ({kinds})" if kinds else "")

    def report_unscored_sources(self, count: int) -> None:
        """Prints lines on the sources, `count` in all, that were too short or could not be watched.

        UserError where nothing had a score.
        """
        lines = list(self._too_short)
        if self._skipped:
            names = shortened([source.name for source in self._skipped])
            lines.append(f"{len(self._skipped)} of {count} sources could not be watched: {names}")
        if self._too_short and not self._scored_frames:
            lines[: len(self._too_short)] = [f"{self._too_short[0]}; give a longer one"]
            raise UserError("; ".join(lines))
        if self._skipped and not self._frames:
            raise UserError(f"{lines[-1]} (the first: {self._skipped[0].reason})")
        for line in lines:
            _print_notice(line)

    def _watch_frames(self, video: Video, monitor: Monitor, frames: Iterable[SegmentFrame]) -> None:
        progress, segment = WatchProgress(video), 0
        try:
            for frame, of_segment in frames:
                if of_segment != segment:
                    self._finish(video.name, monitor.finish())
                    monitor.resume()
                    segment = of_segment
                self._watch_frame(video.name, monitor, frame)
                progress.frame(frame.index, self._events.total())
                if not self.goes_on:
                    break
        finally:
            progress.end()
        self._finish(video.name, monitor.finish())

    def _skip(self, name: str, reason: str) -> None:
        skipped = SkippedSource(name, reason.removeprefix(f"{name}: "))
        self._skipped.append(skipped)
        _print_notice(f"{name}: {skipped.reason}; it is skipped")
        for output in self._outputs:
            output.skip(skipped)

    def _frames_of(self, source: str, video: Video, stack: contextlib.ExitStack) -> Iterable[SegmentFrame]:
        if not video.live:
            notify = lambda line: _print_notice(f"{video.name}: {line}")
            return segments(video, self._settings.longest_gap, notify)
        open_again = functools.partial(open_video, name=video.name)
        live = stack.enter_context(
            Live(source, self._settings.video, video=video, notify=_print_notice, open=open_again)
        )
        self._stop.on_request = live.close
        stack.callback(
            lambda: _print_notice(
                f"{live.name}: {live.dropped} frames dropped, {live.reconnections} reconnections"
            )
        )
        return live

    def _monitor(self, video: Video) -> Monitor:
        """One for all sources of the same sizes; of a new one, prints what its thresholds are worth.

        UserError for sizes that cannot be watched.
        """
        sizes = self._builder.sizes(video.source_size)
        if sizes in self._refused:
            raise self._refused[sizes]
        if sizes not in self._monitors:
            source_rate = video.rate or self._settings.video.frame_rate
            rate = min(self._settings.video.rate or source_rate, source_rate)
            try:
                monitor = self._builder.monitor(sizes, rate)
            except UserError as error:
                self._refused[sizes] = error
                raise
            self._monitors[sizes] = monitor
            print(monitor.threshold_in_words(), flush=True)
        return self._monitors[sizes]

    def _watch_frame(self, source: str, monitor: Monitor, frame: Frame) -> None:
        result = monitor.update(frame)
        self._frames += 1
        self._scored_frames += bool(result.scores)
        if self._frames_left is not None:
            self._frames_left -= 1
        self._count(result.changes)
        for output in self._outputs:
            output.frame(source, frame, result)

    def _finish(self, source: str, changes: list[Change]) -> None:
        self._count(changes)
        for output in self._outputs:
            output.finish(source, changes)

    def _count(self, changes: list[Change]) -> None:
        self._events.update(
            (change.event.member, change.event.kind) for change in changes if change.what == "begin"
        )


def _print_notice(line: str) -> None:
    print(printable_line(line), file=sys.stderr, flush=True)
