"""A bounded queue whose items a thread delivers in order, however long the receiver is away."""

import collections
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

WAITING = 100  # items
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds; pauses between tries are 1, 2, 4, … 30 of them


class Undelivered(Exception):
    """The item did not arrive, for the reason in the message; it is tried again."""


class Refused(Exception):
    """The receiver does not want the item, for the reason in the message; it is not tried again."""


class Delivery(Generic[Item]):
    """Hands items to `deliver`, one after the other, each again and again until it has arrived.

    `put` never waits for the receiver: where `waiting` items wait already, the oldest is dropped. An item that
    failed waits again, as the oldest. What there is to tell, once when the receiver begins to fail and once when
    it is back, is left for the thread that puts (`take_lines`), as lines of two threads would mix.

    Args:
      name: of the receiver, as it may be shown.
      deliver: called by the thread; raises Undelivered or Refused, returns when the item has arrived.
      first_pause, longest_pause: seconds.

    Attributes:
      sent, refused, dropped: items so far.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[Item], None],
        *,
        waiting: int = WAITING,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ):
        self._name, self._deliver, self._most = name, deliver, waiting
        self._first_pause, self._longest_pause = first_pause, longest_pause
        self.sent = self.refused = self.dropped = 0
        self._waiting: collections.deque[Item] = collections.deque()
        self._lines: collections.deque[str] = collections.deque()
        self._under_way, self._hurry, self._closing, self._over = 0, False, False, False
        self._failing_since: float | None = None
        self._refusing = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()  # guards what both threads use; never held while delivering
        # A daemon: a receiver that hangs does not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    @property
    def undelivered(self) -> int:
        """Items that wait, or are under way."""
        with self._changed:
            return len(self._waiting) + self._under_way

    def put(self, item: Item) -> None:
        """Adds an item, at once."""
        with self._changed:
            if len(self._waiting) == self._most:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(item)
            self._changed.notify_all()

    def try_now(self) -> None:
        """Ends the pause before the next try, for example since a connection is back."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()

    def fails(self, why: str) -> None:
        """The receiver cannot be reached: gives a line unless it could not before either."""
        with self._changed:
            if self._failing_since is None:
                self._failing_since = time.monotonic()
                self._lines.append(
                    f"{self._name}: {why}; messages wait, {self._most} at most, and are tried again"
                )

    def works(self) -> None:
        """The receiver can be reached: gives a line if it could not before."""
        with self._changed:
            if self._failing_since is not None:
                seconds = time.monotonic() - self._failing_since
                self._failing_since = None
                self._lines.append(f"{self._name}: back after {seconds:.0f} s")

    def take_lines(self) -> list[str]:
        """The lines that were not taken yet. Raises what ended the thread, if it has ended by a mistake."""
        with self._changed:
            lines = list(self._lines)
            self._lines.clear()
        if self._error is not None:
            raise self._error
        return lines

    def close(self, seconds: float) -> None:
        """Delivers what waits, for so many seconds at most, and ends the thread. A second call does nothing more."""
        with self._changed:
            self._closing = self._hurry = True
            self._changed.notify_all()
        try:
            self._thread.join(seconds)
        finally:  # also after Ctrl-C
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def in_words(self) -> str:
        """What became of the items: "3 messages sent, 2 dropped, 1 not delivered"."""
        counts = {"dropped": self.dropped, "refused": self.refused, "not delivered": self.undelivered}
        parts = [f"{count} {what}" for what, count in counts.items() if count]
        messages = "message" if self.sent == 1 else "messages"
        return ", ".join([f"{self.sent} {messages} sent", *parts])

    def _run(self) -> None:
        try:
            pause = self._first_pause
            while (taken := self._take()) is not None:
                arrived = self._try(taken[0])
                anew = arrived or self._rest(pause)
                pause = self._first_pause if anew else min(2 * pause, self._longest_pause)
        except BaseException as error:
            self._error = error

    def _take(self) -> tuple[Item] | None:
        """The oldest item, when there is one; None: the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._over or not self._waiting:
                return None
            self._under_way, self._hurry = 1, False
            return (self._waiting.popleft(),)

    def _try(self, item: Item) -> bool:
        """Whether no further try of it is needed."""
        try:
            self._deliver(item)
        except Undelivered as failure:
            self._put_back(item)
            self.fails(str(failure))
            return False
        except Refused as failure:
            self._count_refused(str(failure))
        else:
            with self._changed:
                self.sent, self._under_way, self._refusing = self.sent + 1, 0, False
        self.works()
        return True

    def _put_back(self, item: Item) -> None:
        with self._changed:
            self._under_way = 0
            if len(self._waiting) == self._most:  # it is the oldest of all
                self.dropped += 1
            else:
                self._waiting.appendleft(item)

    def _count_refused(self, why: str) -> None:
        with self._changed:
            self.refused, self._under_way = self.refused + 1, 0
            if not self._refusing:
                self._lines.append(
                    f"{self._name}: {why}; the message is not sent again, others alike are counted"
                )
            self._refusing = True

    def _rest(self, seconds: float) -> bool:
        """Waits before the next try; whether it was called upon to try at once."""
        with self._changed:
            return self._changed.wait_for(lambda: self._hurry or self._over, seconds)
