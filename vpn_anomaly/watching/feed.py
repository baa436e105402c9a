"""A thread that reads one source, and what it hands over to the thread that watches."""

import abc
import collections
import threading
import time
from collections.abc import Callable, Sequence

from vpn_anomaly.data.video.open_video import Video
from vpn_anomaly.watching.segments import SegmentFrame

CLOSING_SECONDS = 1.0


def close_all(feeds: Sequence["Feed"]) -> None:
    """Closes feeds together: all of them may take as long as one."""
    until = time.monotonic() + CLOSING_SECONDS
    for feed in feeds:
        feed.ask_to_end()
    for feed in feeds:
        feed.close(max(0.0, until - time.monotonic()))


class Feed(abc.ABC):
    """Reads a source in a thread of its own; the consumer takes what there is.

    Args:
      waiting: how many frames wait for the consumer at most, 1 or more.
      notify: called with lines on the source, by the consumer's thread while it takes frames.
      changed: called by the feed's thread after it has handed something over, or ended.

    Attributes:
      video: the source when it was first open; None before.
      dropped: frames that came but were not given.
      reconnections: how many times the source came back.
    """

    video: Video | None

    def __init__(self, waiting: int, notify: Callable[[str], None], changed: Callable[[], None]):
        self.video, self.dropped, self.reconnections = None, 0, 0
        self._most, self._notify, self._told = waiting, notify, changed
        self._waiting: collections.deque[SegmentFrame] = collections.deque()
        self._lines: collections.deque[str] = collections.deque()
        self._error: BaseException | None = None
        self._done = False
        self._closing = threading.Event()
        self._changed = threading.Condition()  # guards what both threads use
        # A daemon: a source that is silent does not keep the program from ending.
        self._thread = threading.Thread(target=self._run, daemon=True)

    @abc.abstractmethod
    def _read_source(self) -> None:
        """What the thread does, until the source ends or `_closing` is set."""

    def take(self) -> SegmentFrame | None:
        """The frame that has waited longest; None: there is none now. Tells of the lines before it.

        UserError for what keeps the source from being read, after its frames.
        """
        while True:
            with self._changed:
                line = self._lines.popleft() if self._lines else None
                frame = self._waiting.popleft() if self._waiting and line is None else None
                self._changed.notify_all()
            if line is not None:
                self._notify(line)
            elif frame is None and self._error is not None:
                raise self._error
            else:
                return frame

    @property
    def ended(self) -> bool:
        """Whether all of the source was taken."""
        with self._changed:
            left = bool(self._waiting or self._lines or self._error)
            return self._done and not left

    def ask_to_end(self) -> None:
        """Begins to close, without waiting."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()

    def close(self, seconds: float | None = None) -> None:
        """Ends the thread, which releases the source, now or with its next frame.

        Waits for that so many seconds at most (None: CLOSING_SECONDS): from a source that is silent the thread
        returns `VideoSettings.timeout` seconds later. A second call does nothing more.
        """
        self.ask_to_end()
        self._thread.join(CLOSING_SECONDS if seconds is None else seconds)

    def _run(self) -> None:
        try:
            self._read_source()
        except BaseException as error:
            self._add(error=error)
        self._done = True
        self._told()

    def _make_room(self) -> None:
        """Called before a frame is added where `_most` wait already, under `_changed`."""
        self.dropped += 1
        self._waiting.popleft()

    def _add(
        self,
        frame: SegmentFrame | None = None,
        line: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Hands something over to the consumer."""
        with self._changed:
            if frame is not None:
                if len(self._waiting) == self._most:
                    self._make_room()
                self._waiting.append(frame)
            if line is not None:
                self._lines.append(line)
            self._error = self._error or error
            self._changed.notify_all()
        self._told()
