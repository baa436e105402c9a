"""The sources of one watch, one after the other."""

import contextlib

from vpn_anomaly.data.video.open_video import open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.text.telling import notice
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.source_watch import SourceWatch
from vpn_anomaly.watching.tally import Tally
from vpn_anomaly.watching.watch_progress import WatchProgress


class Session:
    """Watches sources; `stop` says when to end early, and is told how to end a wait."""

    def __init__(self, monitors: MonitorBuilder, tally: Tally, stop: StopRequest):
        self._settings, self._builder = monitors.settings, monitors
        self._tally, self._stop = tally, stop

    def watch(self, source: str, name: str, alone: bool = True) -> None:
        """Watches one source to its end. `name`: its display name.

        UserError where it cannot be watched and is the only one.
        """
        tally = self._tally
        with contextlib.ExitStack() as stack:
            try:
                video = open_video(source, self._settings.video, name, stopped=lambda: self._stop.requested)
                watch = SourceWatch(video, source, self._builder, notice, lambda: tally.goes_on)
            except UserError as error:
                if self._stop.requested:  # while it waited for the first frame
                    return
                if alone:
                    raise
                tally.skip(name, str(error))
                return
            stack.enter_context(watch)
            frames_before = tally.frames
            tally.begin(video, watch.monitor)
            self._stop.on_request = watch.end_wait
            if video.live:
                stack.callback(lambda: notice(f"{name}: {watch.losses.in_words()}"))
            self._hand_on(watch)
            tally.end(name, watch.losses)
        tally.note_length(name, tally.frames - frames_before, watch.monitor.first_frame)
        if video.problem:
            notice(f"{name}: {video.problem}")

    def _hand_on(self, watch: SourceWatch) -> None:
        """Gives the tally what is found in the source."""
        tally, name, progress = self._tally, watch.video.name, WatchProgress(watch.video)
        try:
            for of_frame, changes in watch:
                if of_frame is None:
                    tally.finish(name, changes)
                    continue
                frame, result = of_frame
                tally.frame(name, frame, result)
                progress.frame(frame.index, tally.events)
        finally:
            progress.end()
