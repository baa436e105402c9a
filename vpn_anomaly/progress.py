"""Progress of long tasks, on standard error."""

import sys
import threading
import time
from collections.abc import Callable

from vpn_anomaly.text.printable_line import printable_line
from vpn_anomaly.text.telling import tells

PERIOD = 30.0  # seconds between lines if they cannot be redrawn: in a pipe, a log or a notebook
REDRAWN = 0.1  # seconds between updates of a line on a terminal


class Pace:
    """Limits the rate of updates: shows the first, then at most one per `period` seconds, and the last."""

    def __init__(self, period: float = PERIOD):
        self._period, self._next = period, float("-inf")

    def due(self, now: float, last: bool) -> bool:
        """Whether to show an update at `now`, in seconds of a monotonic clock; the `last` is always shown."""
        if now < self._next and not last:
            return False
        self._next = now + self._period
        return True


class Progress:
    """Counts completed items and shows the progress; call it, from any thread, with the number of new ones.

    On a terminal, one line is redrawn; elsewhere, lines are printed as often as its `Pace` allows; nowhere, if it
    was made where nothing is told (`text/telling.py`).

    Args:
        text: formats the line from the progress; empty if there is nothing to show yet.
        total: total number of items; None if unknown, in which case there is no last one.
        done: number of items completed beforehand.
        pace: may be shared by consecutive tasks; None: a new one.

    Attributes:
        done: number of completed items.
        seconds: time since creation.
        rate: items per second since the first call, which often compiles; None at the first call.
        seconds_left: estimated from the rate; None if the rate or total is unknown.
    """

    done: int
    seconds: float
    rate: float | None
    seconds_left: float | None

    def __init__(
        self,
        text: Callable[["Progress"], str],
        total: int | None = None,
        done: int = 0,
        pace: Pace | None = None,
    ):
        self._text, self._total, self.done = text, total, done
        self._on_terminal, self._open_line, self._tells = sys.stderr.isatty(), False, tells()
        self._pace = pace or pace_of_stderr()
        self._made, self._counting = time.monotonic(), threading.Lock()
        self._first: tuple[int, float] | None = None  # items completed at the first call, and its time
        self.seconds, self.rate, self.seconds_left = 0.0, None, None

    @classmethod
    def counting(cls, task: str, total: int, unit: str) -> "Progress":
        """A Progress with lines such as `TASK: 8 of 100 UNIT`."""
        return cls(lambda progress: f"{task}: {progress.done} of {total} {unit}", total)

    def __call__(self, count: int = 1) -> None:
        """Reports that `count` more items are completed."""
        with self._counting:
            now = time.monotonic()
            self.done, self.seconds = self.done + count, now - self._made
            self._measure(now)
            last = self._total is not None and self.done >= self._total
            text = self._text(self)
            if text and self._tells and self._pace.due(now, last):
                self._show(printable_line(text), last)

    def measure_anew(self) -> None:
        """The rate is that from now on: what was done since the first call will not be done again."""
        with self._counting:
            self._first = self.done, time.monotonic()

    def end(self) -> None:
        """Ends the line on a terminal, if one is open."""
        if self._open_line:
            print(file=sys.stderr)
        self._open_line = False

    def _measure(self, now: float) -> None:
        if self._first is None:
            self._first = self.done, now
            return
        done, since = self._first
        self.rate = (self.done - done) / max(now - since, 1e-9)
        if self._total is not None and self.rate:
            self.seconds_left = (self._total - self.done) / self.rate

    def _show(self, text: str, last: bool) -> None:
        if not self._on_terminal:
            print(text, file=sys.stderr, flush=True)
            return
        print(f"\r{text} ", end="", file=sys.stderr, flush=True)
        self._open_line = True
        if last:
            self.end()


def pace_of_stderr() -> Pace:
    """The Pace at which a line is redrawn on a terminal, or printed elsewhere."""
    return Pace(REDRAWN if sys.stderr.isatty() else PERIOD)
