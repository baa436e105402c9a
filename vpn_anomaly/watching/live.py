"""Frames of a camera or stream as they come: the present is never late, a lost stream comes back.

with Live("rtsp://camera/1", VideoSettings(height=64, width=64), notify=print) as live:
    for frame, segment in live:  # one more by every reconnection
        ...
    live.dropped, live.reconnections
"""

import collections
import threading
import time
from collections.abc import Callable

from vpn_anomaly.data.video.open_video import Video, VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.events import Moment
from vpn_anomaly.watching.segments import SegmentFrame

LONGEST_PAUSE = 30.0  # seconds; pauses before a lost stream is tried again are 1, 2, 4 … of them
WAITING = 8  # frames
TICK = 0.001  # seconds; by so much at least the frames of a new segment are later
CLOSING_SECONDS = 1.0
# Python handles signals between waits; on Windows, a wait without an end would keep Ctrl-C out.
WAKING_SECONDS = 0.5


class Live:
    """Reads a live source in a thread of its own: an iterator of `SegmentFrame`, a context manager.

    Where the consumer is slower than the source, the oldest frames that wait are dropped. A source
    that ends or breaks is opened again after a pause, as often as it takes. The iteration ends when
    `close` is called. Leaving the block of `with` closes, also by an exception.

    Args:
      source, video_settings: see `open_video`.
      video: the source where it is open already; Live reads and closes it.
      waiting: how many frames wait for the consumer at most, 1 or more.
      notify: called with one line when the source is lost, at every failed try, and when it is back;
        by the consumer's thread, while it asks for a frame.
      open, clock, pause: for tests. pause(event, seconds) waits, but not once the event is set.

    Attributes:
      name, size, rate: those of the first `Video`.
      dropped: frames that came but were not given.
      reconnections: how many times the source came back.

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
        waiting: int = WAITING,
        notify: Callable[[str], None] = lambda line: None,
        open: Callable[[str, VideoSettings], Video] = open_video,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ):
        self._open = lambda: open(source, video_settings)
        self._notify, self._clock, self._pause = notify, clock, pause
        video = video or self._open()
        if not video.live:
            video.close()
            raise ValueError(f"{video.name} is not live; iterate over its Video")
        self.name, self.size, self.rate = video.name, video.size, video.rate
        self.dropped = self.reconnections = 0
        self._last: Moment | None = None  # of the frames that were read
        self._last_came = clock()
        self._waiting = collections.deque(maxlen=waiting)
        self._lines = collections.deque()
        self._error = None
        self._closing = threading.Event()
        self._changed = threading.Condition()  # guards what both threads use
        # A daemon: a stream that is silent does not keep the program from ending.
        self._thread = threading.Thread(target=self._run, args=(video,), daemon=True)
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
                line = self._lines.popleft() if self._lines else None
                frame = self._waiting.popleft() if self._waiting and line is None else None
            if line is not None:
                self._notify(line)
            elif frame is not None:
                return frame
            elif self._error is not None:
                raise self._error
        raise StopIteration

    def close(self) -> None:
        """Ends the iteration; the thread releases the source, now or with its next frame.

        Waits for that a second at most: from a source that is silent the thread returns `VideoSettings.timeout`
        seconds later. A second call does nothing more.
        """
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(CLOSING_SECONDS)

    def _run(self, video: Video | None) -> None:
        """What the thread does."""
        try:
            while video is not None:
                loss = self._read(video)
                video = self._reopened(loss) if loss else None
        except BaseException as error:
            self._add(error=error)

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

    def _reopened(self, loss: str) -> Video | None:
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
                self.reconnections += 1
                self._add(line=f"{self.name}: back after {self._clock() - lost:.0f} s")
                return video

    def _offsets(self) -> tuple[int, float]:
        """What to add to index and seconds of a video that was opened just now."""
        if self._last is None:
            return 0, 0.0
        gone = max(self._clock() - self._last_came, TICK)
        return self._last.index + 1, self._last.time + gone

    def _add(
        self,
        frame: SegmentFrame | None = None,
        line: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Hands something over to the consumer; for a frame the oldest may have to go."""
        with self._changed:
            if frame is not None:
                self.dropped += len(self._waiting) == self._waiting.maxlen
                self._waiting.append(frame)
            if line is not None:
                self._lines.append(line)
            self._error = self._error or error
            self._changed.notify_all()
