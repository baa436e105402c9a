"""Frames of a camera or stream as they come: the present is never late, a lost stream comes back.

with Live("rtsp://camera/1", VideoSettings(height=64, width=64), notify=print) as live:
    for frame, segment in live:  # one more by every reconnection
        ...
    live.dropped, live.reconnections
"""

import threading
import time
from collections.abc import Callable

from vpn_anomaly.data.video.open_video import Video, VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.events import Moment
from vpn_anomaly.watching.feed import Feed
from vpn_anomaly.watching.segments import SegmentFrame

LONGEST_PAUSE = 30.0  # seconds; pauses before a lost stream is tried again are 1, 2, 4 … of them
WAITING = 8  # frames
TICK = 0.001  # seconds; by so much at least the frames of a new segment are later
# Python handles signals between waits; on Windows, a wait without an end would keep Ctrl-C out.
WAKING_SECONDS = 0.5


class Live(Feed):
    """Reads a live source in a thread of its own: an iterator of `SegmentFrame`, a context manager.

    Where the consumer is slower than the source, the oldest frames that wait are dropped. A source
    that ends or breaks is opened again after a pause, as often as it takes. The iteration ends when
    `close` is called. Leaving the block of `with` closes, also by an exception.

    Args:
      source, video_settings: see `open_video`.
      video: the source where it is open already; Live reads and closes it.
      patient: whether the source is opened by the thread, and tried again where that fails; its name is then that
        of `open`. By default it is opened at once.
      waiting, changed: see `Feed`.
      notify: called with one line when the source is lost, at every failed try, and when it is back;
        by the consumer's thread, while it asks for a frame.
      open, clock, pause: for tests. pause(event, seconds) waits, but not once the event is set.

    Attributes:
      name, size, rate: those of the first `Video`.
      dropped, reconnections: see `Feed`.

    Raises:
      UserError: the source cannot be opened; from the iteration: it came back with frames of
        another size.
      ValueError: the source is not live.
    """

    def __init__(
        self,
        source: str,
        video_settings: VideoSettings,
        *,
        video: Video | None = None,
        patient: bool = False,
        waiting: int = WAITING,
        notify: Callable[[str], None] = lambda line: None,
        changed: Callable[[], None] = lambda: None,
        open: Callable[[str, VideoSettings], Video] = open_video,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ):
        super().__init__(waiting, notify, changed)
        self._open = lambda: open(source, video_settings)
        self._clock, self._pause = clock, pause
        self._last: Moment | None = None  # of the frames that were read
        if not patient:
            self._accept(video or self._open())
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self) -> SegmentFrame:
        while not self._closing.is_set():
            with self._changed:
                while not (self._waiting or self._lines or self._error or self._closing.is_set()):
                    self._changed.wait(WAKING_SECONDS)
            if (frame := self.take()) is not None:
                return frame
        raise StopIteration

    def _accept(self, video: Video) -> None:
        """The source is open for the first time."""
        if not video.live:
            video.close()
            raise ValueError(f"{video.name} is not live; iterate over its Video")
        self.name, self.size, self.rate = video.name, video.size, video.rate
        self._last_came = self._clock()
        self.video = video

    def _read_source(self) -> None:
        video = self.video or self._opened()
        while video is not None:
            loss = self._read(video)
            video = self._opened_again(loss) if loss else None
            self.reconnections += video is not None

    def _opened(self) -> Video | None:
        """The source, open for the first time; None after `close`."""
        try:
            video = self._open()
        except UserError as error:
            video = self._opened_again(str(error))
        if video is not None:
            self._accept(video)
        return video

    def _read(self, video: Video) -> str | None:
        """Hands over the frames of an open video, closes it, and says how it was lost.

        None after `close`. UserError for frames of another size than before.
        """
        with video:
            if video.size != self.size:
                (height, width), (new_height, new_width) = self.size, video.size
                raise UserError(
                    f"{self.name}: it came back with frames of {new_width}x{new_height}"
                    f" pixels, not {width}x{height}; start anew"
                )
            index, seconds = self._offsets()
            try:
                for frame in video:
                    if self._closing.is_set():
                        return None
                    frame = frame._replace(index=frame.index + index, time=frame.time + seconds)
                    self._last = Moment(frame.index, frame.time)
                    self._last_came = self._clock()
                    self._add(frame=SegmentFrame(frame, self.reconnections))
            except UserError as error:
                return str(error)
        return f"{self.name}: {video.problem or 'it ended'}"

    def _opened_again(self, loss: str) -> Video | None:
        """The source, open again; None after `close`."""
        lost, pause = self._clock(), 1.0
        while True:
            self._add(line=f"{loss}; trying again in {pause:g} s")
            self._pause(self._closing, pause)
            if self._closing.is_set():
                return None
            try:
                video = self._open()
            except UserError as error:
                loss, pause = str(error), min(2 * pause, LONGEST_PAUSE)
            else:
                self._add(line=f"{video.name}: back after {self._clock() - lost:.0f} s")
                return video

    def _offsets(self) -> tuple[int, float]:
        """What to add to index and seconds of a video that was opened just now."""
        if self._last is None:
            return 0, 0.0
        gone = max(self._clock() - self._last_came, TICK)
        return self._last.index + 1, self._last.time + gone
