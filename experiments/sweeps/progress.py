"""What a sweep tells while it runs: a line for every start and end, and how far the runs are."""

import shutil
import statistics
import time
from collections.abc import Sequence
from typing import TextIO

from experiments.sweeps.run import Process, Run
from vpn_anomaly.text.printable_line import printable_line

TERMINAL_PERIOD = 1.0  # seconds between two drawings of the live line
PLAIN_PERIOD = 30.0  # seconds between two lines off a terminal
_CLEAR = "\r\x1b[K"


class Progress:
    """Lines on `output` that count runs; the live line is redrawn on a terminal only.

    Args:
        total: runs in all, those included whose results are stored already.
        waiting: the runs that are not.
        jobs: runs at once.
    """

    def __init__(self, output: TextIO, total: int, waiting: Sequence[Run], jobs: int):
        self._output, self._total, self._jobs = output, total, jobs
        self._done = total - len(waiting)
        self._waiting = [run.row for run in waiting]
        self._seconds: dict[str, list[float]] = {}
        self._on_terminal = output.isatty()
        self._period = TERMINAL_PERIOD if self._on_terminal else PLAIN_PERIOD
        self._next_live = time.monotonic() + self._period

    def line(self, text: str) -> None:
        """One line that stays."""
        self._write((_CLEAR if self._on_terminal else "") + printable_line(text) + "\n")

    def starts(self, run: Run) -> None:
        self._waiting.remove(run.row)
        self.line(f"{self._count()} {run} starts")

    def ends(self, ended: Process, done: bool, how: str, others: Sequence[Process]) -> None:
        """A run ended, `done` or not; `others` go on."""
        run, seconds = ended.run, ended.seconds
        self._done += done
        if done and not ended.resumed:  # what went on from a checkpoint is no measure for the others
            self._seconds.setdefault(run.row, []).append(seconds)
        self.line(f"{self._count()} {run} {how} after {seconds / 60:.1f} min{self._left(others)}")

    def live(self, running: Sequence[Process]) -> None:
        """How far the running runs are, now and then."""
        if not running or time.monotonic() < self._next_live:
            return
        self._next_live = time.monotonic() + self._period
        parts = [f"{one.run} {one.where()}, {one.seconds / 60:.1f} min" for one in running]
        text = f"{self._count()} {' | '.join(parts)}{self._left(running)}"
        if self._on_terminal:
            width = shutil.get_terminal_size().columns - 1  # a wrapped line could not be redrawn
            self._write(_CLEAR + text[:width])
        else:
            self._write(text + "\n")

    def _left(self, running: Sequence[Process]) -> str:
        """Time until all is done, by the runs that finished; empty before there is one."""
        if not self._seconds:
            return ""
        of_all = statistics.mean(time for times in self._seconds.values() for time in times)
        expected = lambda row: statistics.mean(self._seconds.get(row, [of_all]))
        waiting = sum(expected(row) for row in self._waiting)
        going_on = sum(max(expected(one.run.row) - one.seconds, 0.0) for one in running)
        return f"; about {(waiting + going_on) / self._jobs / 60:.1f} min left"

    def _count(self) -> str:
        return f"[{self._done}/{self._total}]"

    def _write(self, text: str) -> None:
        print(text, end="", file=self._output, flush=True)
