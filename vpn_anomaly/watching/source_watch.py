"""One source that is watched: what is found in it, frame by frame, for whoever asks for the next one."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from vpn_anomaly.data.video.open_video import Frame, Video, open_video
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.live import Live
from vpn_anomaly.watching.monitor import FrameResult
from vpn_anomaly.watching.output import Losses
from vpn_anomaly.watching.segments import SegmentFrame, segments


class Found(NamedTuple):
    """What was found in a frame; or without one, where the source ends or breaks off, the events that end there.

    Attributes:
        of_frame: the frame, and what was found in it; None where there is none.
        changes: of events.
    """

    of_frame: tuple[Frame, FrameResult] | None
    changes: list[Change]


class SourceWatch:
    """An iterable, once, of `Found`: of every frame of a source, and at the end of each of its segments.

    A context manager, which closes the source. Nothing is read before the iteration.

    Args:
        video: the source, open; it is closed where it cannot be watched, too.
        source: opens it again, if it is live.
        notify: called with lines on the source, while its frames are asked for.
        goes_on: asked after every frame; the source ends there if it says no.

    Attributes:
        video: as given.
        monitor: of it.

    UserError where the source cannot be watched.
    """

    def __init__(
        self,
        video: Video,
        source: str,
        monitors: MonitorBuilder,
        notify: Callable[[str], None] = lambda line: None,
        goes_on: Callable[[], bool] = lambda: True,
    ):
        self.video, self._source, self._settings = video, source, monitors.settings
        self._notify, self._goes_on = notify, goes_on
        self._live: Live | None = None
        self._closed = False
        try:
            self.monitor = monitors.monitor_of(video)
        except BaseException:
            video.close()
            raise

    def __enter__(self) -> "SourceWatch":
        return self

    def __exit__(self, *_) -> None:
        self.end_wait()
        if self._live is None:
            self.video.close()

    def end_wait(self) -> None:
        """Ends the frames of a live source; may be called by another thread, or a signal."""
        self._closed = True
        if self._live is not None:
            self._live.close()

    @property
    def losses(self) -> Losses:
        """What was lost of the source so far."""
        live = self._live
        return Losses() if live is None else Losses(live.dropped, live.reconnections)

    def __iter__(self) -> Iterator[Found]:
        segment = 0
        for frame, of_segment in self._frames():
            if of_segment != segment:
                yield Found(None, self.monitor.finish())
                self.monitor.resume()
                segment = of_segment
            result = self.monitor.update(frame)
            yield Found((frame, result), result.changes)
            if not self._goes_on():
                break
        yield Found(None, self.monitor.finish())

    def _frames(self) -> Iterable[SegmentFrame]:
        video, longest_gap = self.video, self._settings.longest_gap
        if not video.live:
            return segments(video, longest_gap, lambda line: self._notify(f"{video.name}: {line}"))
        open_again = functools.partial(open_video, name=video.name)
        self._live = Live(
            self._source, self._settings.video, video=video, notify=self._notify, open=open_again
        )
        if self._closed:  # asked for meanwhile
            self._live.close()
        return self._live
