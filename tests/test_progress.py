"""How often progress is told, and what it tells."""

import io
import random
import sys
import time
import types

import pytest

from vpn_anomaly.progress import PERIOD, Pace, Progress


@pytest.mark.parametrize("longest", [0.5, 20.0, 200.0])
def test_gaps(longest):
    """Of moments at random times the first and the last are told, and between them none too early."""
    draw, now, times = random.Random(0), 1000.0, []
    for _ in range(400):
        times.append(now)
        now += draw.uniform(0.0, longest)
    pace = Pace()
    told = [time for time in times if pace.due(time, last=time == times[-1])]
    assert told[0] == times[0] and told[-1] == times[-1]
    early = [after - before for before, after in zip(told[:-2], told[1:-1]) if after - before < PERIOD]
    assert not early
    # None could have been told sooner: what comes PERIOD later is told at once.
    for before, after in zip(told, told[1:]):
        assert not any(before + PERIOD <= time < after for time in times)


def test_a_single_moment_is_told_once():
    assert Pace().due(0.0, last=True)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "output, expected",
    [
        (
            io.StringIO(),
            "scoring: 8 of 100 sequences\nscoring: 32 of 100 sequences\n"
            "scoring: 56 of 100 sequences\nscoring: 80 of 100 sequences\n"
            "scoring: 100 of 100 sequences\n",
        ),
        (
            Terminal(),
            "".join(f"\rscoring: {done} of 100 sequences " for done in range(8, 100, 8))
            + "\rscoring: 100 of 100 sequences \n",
        ),
    ],
)
def test_progress_is_told_every_30_seconds_or_redrawn(monkeypatch, output, expected):
    """Batches of 8 sequences that take 10 seconds each."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(sys, "stderr", output)
    progress = Progress.counting("scoring", 100, "sequences")
    for count in (8,) * 12 + (4,):
        now += 10.0
        progress(count)
    assert output.getvalue() == expected


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until `now` is set."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_the_rate_leaves_out_what_came_before_the_first_call(clock):
    """Ten seconds of compilation, then two a second; 5 of 25 were done before."""
    progress = Progress(lambda progress: "", total=25, done=5)
    clock.now = 10.0
    progress()
    assert (progress.done, progress.rate, progress.seconds_left) == (6, None, None)
    for _ in range(9):
        clock.now += 0.5
        progress()
    assert (progress.done, progress.rate, progress.seconds) == (15, 2.0, 14.5)
    assert progress.seconds_left == 5.0


def test_the_rate_can_be_measured_anew_after_what_is_done_once(clock):
    progress = Progress(lambda progress: "", total=10)
    progress()
    clock.now = 100.0  # such as more compilation
    progress.measure_anew()
    assert progress.seconds_left is None
    clock.now += 2.0
    progress()
    assert (progress.rate, progress.seconds_left) == (0.5, 16.0)


def test_where_the_end_is_not_known_there_is_no_last_line(clock, capsys):
    progress = Progress(lambda progress: f"{progress.done}\n" if progress.done > 2 else "")
    for clock.now in (0.0, 1.0, 2.0, 40.0, 41.0):
        progress(1)
    progress.end()
    assert capsys.readouterr().err == "3\\n\n4\\n\n"  # on one line each


def test_a_pace_may_be_shared(clock, capsys):
    pace = Pace()
    for name in ("a", "b"):
        progress = Progress(lambda progress: f"{name} {progress.done}", pace=pace)
        for _ in range(20):
            clock.now += 1.0
            progress()
    assert capsys.readouterr().err == "a 1\nb 11\n"


def test_a_terminal_redraws_ten_times_a_second_and_the_line_is_ended_once(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    progress = Progress(lambda progress: f"frame {progress.done}")
    for _ in range(100):
        clock.now += 1 / 64
        progress()
    progress.end()
    progress.end()
    drawn = sys.stderr.getvalue().split("\r")[1:]
    assert drawn[:3] == ["frame 1 ", "frame 8 ", "frame 15 "] and drawn[-1] == "frame 99 \n"
