"""The sources of one watch, one after the other."""

import contextlib
import functools
from collections.abc import Iterable

from vpn_anomaly.data.video.open_video import Video, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.stream_detector import Size
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.live import Live
from vpn_anomaly.watching.monitor import Monitor
from vpn_anomaly.watching.output import Losses
from vpn_anomaly.watching.segments import SegmentFrame, segments
from vpn_anomaly.watching.tally import Tally, print_notice
from vpn_anomaly.watching.watch_progress import WatchProgress


class Session:
    """Watches sources; `stop` says when to end early, and is told how to end a wait."""

    def __init__(self, monitors: MonitorBuilder, tally: Tally, stop: StopRequest):
        self._settings, self._builder = monitors.settings, monitors
        self._tally, self._stop = tally, stop
        self._monitors: dict[tuple[Size, ...], Monitor] = {}
        self._refused: dict[tuple[Size, ...], UserError] = {}

    def watch(self, source: str, name: str, alone: bool = True) -> None:
        """Watches one source to its end. `name`: its display name.

        UserError where it cannot be watched and is the only one.
        """
        tally = self._tally
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
                tally.skip(name, str(error))
                return
            frames_before = tally.frames
            monitor.restart()
            tally.begin(video, monitor)
            live = self._live(source, video, stack) if video.live else None
            self._watch_frames(video, monitor, self._segments(video) if live is None else live)
            tally.end(name, Losses(live.dropped, live.reconnections) if live else Losses())
        tally.note_length(name, tally.frames - frames_before, monitor.first_frame)
        if video.problem:
            print_notice(f"{name}: {video.problem}")

    def _watch_frames(self, video: Video, monitor: Monitor, frames: Iterable[SegmentFrame]) -> None:
        progress, segment, tally = WatchProgress(video), 0, self._tally
        try:
            for frame, of_segment in frames:
                if of_segment != segment:
                    tally.finish(video.name, monitor.finish())
                    monitor.resume()
                    segment = of_segment
                tally.frame(video.name, frame, monitor.update(frame))
                progress.frame(frame.index, tally.events)
                if not tally.goes_on:
                    break
        finally:
            progress.end()
        tally.finish(video.name, monitor.finish())

    def _segments(self, video: Video) -> Iterable[SegmentFrame]:
        notify = lambda line: print_notice(f"{video.name}: {line}")
        return segments(video, self._settings.longest_gap, notify)

    def _live(self, source: str, video: Video, stack: contextlib.ExitStack) -> Live:
        open_again = functools.partial(open_video, name=video.name)
        live = stack.enter_context(
            Live(source, self._settings.video, video=video, notify=print_notice, open=open_again)
        )
        self._stop.on_request = live.close
        stack.callback(
            lambda: print_notice(f"{live.name}: {Losses(live.dropped, live.reconnections).in_words()}")
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
            try:
                monitor = self._builder.monitor(sizes, self._builder.rate(video))
            except UserError as error:
                self._refused[sizes] = error
                raise
            self._monitors[sizes] = monitor
            print(monitor.threshold_in_words(), flush=True)
        return self._monitors[sizes]
