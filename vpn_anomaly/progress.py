"""Progress of long work, on the standard error."""

import sys
import time
from collections.abc import Callable

from vpn_anomaly.text.printable_line import printable_line

PERIOD = 30.0  # seconds between lines where none can be redrawn: in a pipe, a log or a notebook
REDRAWN = 0.1  # seconds between drawings of a terminal's line


class Pace:
    """Picks out of many moments the first, then one every `period` seconds at most, and the last."""

    def __init__(self, period: float = PERIOD):
        self._period, self._next = period, float("-inf")

    def due(self, now: float, last: bool) -> bool:
        """Whether to show it at `now`, seconds of a monotonic clock; `last`: nothing comes after."""
        if now < self._next and not last:
            return False
        self._next = now + self._period
        return True


class Progress:
    """Counts what is done; call it with how many more.

    On a terminal one line is redrawn; elsewhere there is a line as often as its `Pace` says.

    Args:
        text: makes the line out of the progress; empty: there is nothing to show yet.
        total: how many there are in all; None: not known, and there is no last one.
        done: how many are done before it begins.
        pace: several that follow each other may have one; None: its own.

    Attributes:
        done: how many are done.
        seconds: since it was made.
        rate: how many a second since the first call, which often compiles; None at the first.
        seconds_left: by that rate; None where rate or total are not known.
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
        self._on_terminal, self._open_line = sys.stderr.isatty(), False
        self._pace = pace or pace_of_stderr()
        self._made = time.monotonic()
        self._first: tuple[int, float] | None = None  # how many were done at the first call, and when
        self.seconds, self.rate, self.seconds_left = 0.0, None, None

    @classmethod
    def counting(cls, task: str, total: int, unit: str) -> "Progress":
        """One whose line is `TASK: 8 of 100 UNIT`."""
        return cls(lambda progress: f"{task}: {progress.done} of {total} {unit}", total)

    def __call__(self, count: int = 1) -> None:
        """`count` more are done."""
        now = time.monotonic()
        self.done, self.seconds = self.done + count, now - self._made
        self._measure(now)
        last = self._total is not None and self.done >= self._total
        text = self._text(self)
        if text and self._pace.due(now, last):
            self._show(printable_line(text), last)

    def end(self) -> None:
        """Nothing comes after; a terminal's line is ended."""
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
    """How often a line is drawn again on a terminal, or written elsewhere."""
    return Pace(REDRAWN if sys.stderr.isatty() else PERIOD)
