"""Many sources at once: a thread reads each, and their next frames go through the model together."""

import collections
import dataclasses
import functools
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from vpn_anomaly.data.video.open_video import Frame, open_video
from vpn_anomaly.data.video.sources import is_address, is_camera
from vpn_anomaly.distributed.sharing import in_parts
from vpn_anomaly.errors import UserError
from vpn_anomaly.ops.platform import ByPlatform, traced_size
from vpn_anomaly.scoring.stream_detector import Size
from vpn_anomaly.text.telling import notice
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.feed import Feed, close_all
from vpn_anomaly.watching.live import WAKING_SECONDS, Live
from vpn_anomaly.watching.monitor import Monitor, update_together
from vpn_anomaly.watching.output import Losses
from vpn_anomaly.watching.recorded import Recorded
from vpn_anomaly.watching.tally import Tally
from vpn_anomaly.watching.watch_progress import SourcesProgress

# Frames of a live source that wait: one that comes a little early is not lost, and where the machine is too slow
# those that are watched are evenly spaced and recent.
WAITING = 2
# Of a round, at the same time: several streams fill the cores of a CPU better than the operations of one do.
PARTS = ByPlatform(cpu=os.cpu_count() or 1, accelerator=1)


@dataclasses.dataclass(eq=False)
class _Stream:
    """A source that is watched.

    Attributes:
        sizes: of the members' frames.
        monitor: None before the first frame.
        segment, frames: of the last frame; how many there were.
        over: it is watched no more.
    """

    name: str
    feed: Feed
    sizes: tuple[Size, ...] = ()
    monitor: Monitor | None = None
    segment: int = 0
    frames: int = 0
    over: bool = False

    @property
    def live(self) -> bool:
        return isinstance(self.feed, Live)


class Together:
    """Watches sources at the same time, in rounds: at most one frame of each, of those that have one.

    Every source has a state, thresholds and events of its own. Recordings wait for their turn; of a live
    source the newest frames wait, and others are dropped. One that is lost is opened again by its own
    thread, while the others go on.
    """

    def __init__(self, monitors: MonitorBuilder, tally: Tally):
        self._builder, self._settings, self._tally = monitors, monitors.settings, tally
        self._woken = threading.Event()
        self._parts = traced_size(PARTS)
        self._workers = ThreadPoolExecutor(self._parts, "part")

    def watch(self, sources: Sequence[str], names: Sequence[str]) -> None:
        """Watches all to their ends. `names`: their display names.

        One that cannot be watched is skipped with a line; a live one that cannot be opened is tried again.
        """
        streams = [_Stream(name, self._feed(*of)) for name, *of in zip(names, sources, names, strict=True)]
        progress = SourcesProgress(len(streams))
        try:
            while self._tally.goes_on and not all(stream.over for stream in streams):
                self._woken.clear()
                taken = self._take(streams)
                if taken:
                    self._round(taken)
                    losses = {stream.name: stream.feed.dropped for stream in streams}
                    under_way = sum(not stream.over for stream in streams)
                    progress.round(len(taken), under_way, self._tally.events, losses)
                else:
                    self._woken.wait(WAKING_SECONDS)
        finally:
            progress.end()
            close_all([stream.feed for stream in streams])
            self._workers.shutdown()
        for stream in streams:
            if not stream.over:
                self._end(stream)

    def _feed(self, source: str, name: str) -> Feed:
        opens = functools.partial(open_video, name=name)
        told = {"notify": notice, "changed": self._woken.set}
        if is_address(source) or is_camera(source):
            return Live(source, self._settings.video, patient=True, waiting=WAITING, open=opens, **told)
        return Recorded(source, self._settings.video, name, self._settings.longest_gap, **told)

    def _take(self, streams: Sequence[_Stream]) -> list[tuple[_Stream, Frame]]:
        """The next frame of every source that has one, as far as frames may be watched."""
        taken: list[tuple[_Stream, Frame]] = []
        for stream in streams:
            if len(taken) == self._tally.frames_left:
                break
            if not stream.over and (frame := self._next_frame(stream)) is not None:
                taken.append((stream, frame))
        return taken

    def _next_frame(self, stream: _Stream) -> Frame | None:
        try:  # not around what writes: an output that cannot be written ends the watch
            taken = stream.feed.take()
            begins = taken is not None and stream.monitor is None
            if begins:
                self._monitor_of(stream)
        except UserError as error:
            self._give_up(stream, str(error))
            return None
        if taken is None:
            if stream.feed.ended:
                self._end(stream)
            return None
        if begins:
            self._begin(stream)
        if taken.segment != stream.segment:
            self._tally.finish(stream.name, _monitor(stream).finish())
            _monitor(stream).resume()
            stream.segment = taken.segment
        return taken.frame

    def _round(self, taken: Sequence[tuple[_Stream, Frame]]) -> None:
        alike = collections.defaultdict(list)
        for stream, frame in taken:
            alike[stream.sizes].append((stream, frame))
        parts = [
            part for of_size in alike.values() for part in in_parts(of_size, min(self._parts, len(of_size)))
        ]
        monitors = [[_monitor(stream) for stream, _ in part] for part in parts]
        frames = [[frame for _, frame in part] for part in parts]
        for part, results in zip(parts, self._workers.map(update_together, monitors, frames), strict=True):
            for (stream, frame), result in zip(part, results, strict=True):
                stream.frames += 1
                self._tally.frame(stream.name, frame, result)

    def _monitor_of(self, stream: _Stream) -> None:
        """Gives the source its monitor. UserError where it cannot be watched."""
        video = stream.feed.video
        assert video is not None, "a frame came"
        stream.sizes = self._builder.sizes(video.source_size)
        stream.monitor = self._builder.monitor_of(video)

    def _begin(self, stream: _Stream) -> None:
        assert stream.feed.video is not None, "a frame came"
        self._tally.begin(stream.feed.video, _monitor(stream))

    def _give_up(self, stream: _Stream, why: str) -> None:
        """The source cannot be watched, from the beginning or from now on; the others go on."""
        stream.feed.ask_to_end()
        if stream.monitor is None:
            stream.over = True
            self._tally.skip(stream.name, why)
        else:
            notice(f"{stream.name}: {why.removeprefix(f'{stream.name}: ')}; it is watched no more")
            self._end(stream, why)

    def _end(self, stream: _Stream, problem: str | None = None) -> None:
        """The source ended, is given up for a problem, or the watch ends."""
        stream.over = True
        feed, name = stream.feed, stream.name
        if stream.monitor is None:
            if self._tally.frames:
                self._tally.skip(name, "no frame came")
            return
        self._tally.finish(name, stream.monitor.finish())
        losses = Losses(feed.dropped, feed.reconnections, problem)
        self._tally.end(name, losses)
        of_live = f", {losses.in_words()}" if stream.live else ""
        notice(f"{name}: {stream.frames:,} frames watched{of_live}")
        if feed.video is not None and feed.video.problem and not stream.live:
            notice(f"{name}: {feed.video.problem}")
        self._tally.note_length(name, stream.frames, stream.monitor.first_frame)


def _monitor(stream: _Stream) -> Monitor:
    assert stream.monitor is not None, "it has a frame"
    return stream.monitor
