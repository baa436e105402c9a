"""Progress output of a sweep: a line when a run starts or ends, and a status line in between."""

import shutil
import statistics
import time
from collections.abc import Sequence
from typing import TextIO

from experiments.sweeps.run import Process, Run
from vpn_anomaly.text.printable_line import printable_line

TERMINAL_PERIOD = 1.0  # seconds between updates of the status line on a terminal
PLAIN_PERIOD = 30.0  # seconds between status lines elsewhere
_CLEAR = "\r\x1b[K"


class Progress:
    """Prints the progress of a sweep to `output`; the status line is redrawn only on a terminal.

    Args:
        total: number of requested runs, including those whose results are already stored.
        waiting: the runs still to do.
        jobs: number of concurrent runs.
    """

    def __init__(self, output: TextIO, total: int, waiting: Sequence[Run], jobs: int):
        self._output, self._total, self._jobs = output, total, jobs
        self._done = total - len(waiting)
        self._waiting = [run.row for run in waiting]
        self._seconds: dict[str, list[float]] = {}
        self._on_terminal = output.isatty()
        self._period = TERMINAL_PERIOD if self._on_terminal else PLAIN_PERIOD
        self._next_refresh = time.monotonic() + self._period

    def print_line(self, text: str) -> None:
        """Prints a permanent line."""
        self._write((_CLEAR if self._on_terminal else "") + printable_line(text) + "\n")

    def run_started(self, run: Run) -> None:
        self._waiting.remove(run.row)
        self.print_line(f"{self._count()} {run} starts")

    def run_ended(self, ended: Process, done: bool, how: str, others: Sequence[Process]) -> None:
        """Reports that a run has ended, finished (`done`) or not, while `others` are still running."""
        run, seconds = ended.run, ended.seconds
        self._done += done
        if done and not ended.resumed:  # a resumed run does not show how long a whole run takes
            self._seconds.setdefault(run.row, []).append(seconds)
        self.print_line(f"{self._count()} {run} {how} after {seconds / 60:.1f} min{self._left(others)}")

    def refresh(self, running: Sequence[Process]) -> None:
        """Shows the status of the running processes if an update is due."""
        if not running or time.monotonic() < self._next_refresh:
            return
        self._next_refresh = time.monotonic() + self._period
        parts = [f"{one.run} {one.status()}, {one.seconds / 60:.1f} min" for one in running]
        text = f"{self._count()} {' | '.join(parts)}{self._left(running)}"
        if self._on_terminal:
            width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be redrawn
            self._write(_CLEAR + text[:width])
        else:
            self._write(text + "\n")

    def _left(self, running: Sequence[Process]) -> str:
        """The estimated time left, from the finished runs; empty until one has finished."""
        if not self._seconds:
            return ""
        overall = statistics.mean(time for times in self._seconds.values() for time in times)
        expected = lambda row: statistics.mean(self._seconds.get(row, [overall]))
        waiting = sum(expected(row) for row in self._waiting)
        remaining = sum(max(expected(one.run.row) - one.seconds, 0.0) for one in running)
        return f"; about {(waiting + remaining) / self._jobs / 60:.1f} min left"

    def _count(self) -> str:
        return f"[{self._done}/{self._total}]"

    def _write(self, text: str) -> None:
        print(text, end="", file=self._output, flush=True)
