"""What a sweep tells on a terminal and off it, with a clock of the test's own."""

import io
import pathlib
import types

import pytest

from experiments.sweeps import progress, run
from experiments.sweeps.progress import Progress


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(run, "time", clock)
    return clock


def wanted(row, seed, tmp_path):
    config = types.SimpleNamespace(train=types.SimpleNamespace(steps=40))
    return run.Run(row, seed, config, tmp_path / row / f"seed{seed}", pathlib.Path("unused"))


@pytest.fixture
def begin(monkeypatch):
    monkeypatch.setattr(run.child_process, "start", lambda *arguments: None)
    return lambda run_: run.Process(run_, [])


def test_time_left_is_that_of_the_row_or_else_of_all(tmp_path, clock, begin):
    runs = [wanted(row, seed, tmp_path) for seed in (0, 1) for row in ("slow", "fast")]
    output = io.StringIO()
    shown = Progress(output, 6, runs, jobs=1)
    shown.run_started(runs[0])
    slow = begin(runs[0])
    clock.now += 600
    shown.run_ended(slow, True, "done", [])
    # fast twice and slow once are left, each believed to take 10 minutes.
    shown.run_started(runs[1])
    fast = begin(runs[1])
    clock.now += 120
    shown.run_ended(fast, True, "done", [])
    # slow 10 and fast 2 minutes are left.
    shown.run_started(runs[2])
    slow = begin(runs[2])
    clock.now += 240
    shown.refresh([slow])  # 6 of slow's and fast's 2
    assert output.getvalue().splitlines() == [
        "[2/6] slow seed 0 starts",
        "[3/6] slow seed 0 done after 10.0 min; about 30.0 min left",
        "[3/6] fast seed 0 starts",
        "[4/6] fast seed 0 done after 2.0 min; about 12.0 min left",
        "[4/6] slow seed 1 starts",
        "[4/6] slow seed 1 is getting ready, 4.0 min; about 8.0 min left",
    ]


def test_jobs_share_the_time_left(tmp_path, clock, begin):
    runs = [wanted("a", seed, tmp_path) for seed in range(4)]
    output = io.StringIO()
    shown = Progress(output, 4, runs, jobs=2)
    shown.run_started(runs[0])
    first = begin(runs[0])
    clock.now += 60
    shown.run_started(runs[1])
    second = begin(runs[1])
    clock.now += 60
    shown.run_ended(first, True, "done", [second])  # 2 minutes: twice 2 wait, 1 of the second is left
    assert output.getvalue().endswith("[1/4] a seed 0 done after 2.0 min; about 2.5 min left\n")


def test_failed_and_resumed_runs_are_no_measure(tmp_path, clock, begin):
    runs = [wanted("a", seed, tmp_path) for seed in range(3)]
    runs[1].folder.mkdir(parents=True)
    (runs[1].folder / "train.jsonl").write_text('{"step": 30}\n')
    output = io.StringIO()
    shown = Progress(output, 3, runs, jobs=1)
    for asked, done in ((runs[0], False), (runs[1], True)):
        shown.run_started(asked)
        going_on = begin(asked)
        clock.now += 60
        shown.run_ended(going_on, done, "done" if done else "failed", [])
    assert "left" not in output.getvalue()
    assert output.getvalue().splitlines()[1::2] == [
        "[0/3] a seed 0 failed after 1.0 min",
        "[1/3] a seed 1 done after 1.0 min",
    ]


def test_off_a_terminal_a_line_at_most_every_30_seconds(tmp_path, clock, begin):
    asked, output = wanted("a", 0, tmp_path), io.StringIO()
    shown = Progress(output, 1, [asked], jobs=1)
    shown.run_started(asked)
    going_on = begin(asked)
    asked.folder.mkdir(parents=True)
    for tenth in range(1, 901):
        clock.now += 0.1
        step = min(tenth // 20, 40)
        (asked.folder / "train.jsonl").write_text(f'{{"step": {step}}}\n{{"st')
        shown.refresh([going_on])
    lines = output.getvalue().splitlines()[1:]
    assert 2 <= len(lines) <= 3
    assert lines[0].startswith("[0/1] a seed 0 step 15/40, 0.5 min") and "\x1b" not in lines[0]
    assert "a seed 0 step 30/40" in lines[1]


def test_on_a_terminal_one_line_is_redrawn_and_not_wrapped(tmp_path, clock, begin, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    asked, output = wanted("a" * 60, 0, tmp_path), Terminal()
    shown = Progress(output, 1, [asked], jobs=1)
    going_on = begin(asked)
    for _ in range(5):
        clock.now += 1.1
        shown.refresh([going_on])
    shown.print_line("done")
    drawn = output.getvalue().split("\r\x1b[K")[1:]
    assert len(drawn) == 6 and drawn[-1] == "done\n"
    assert all(len(line) == 39 and "\n" not in line for line in drawn[:-1])


def test_where_a_trained_run_is(tmp_path, begin):
    asked = wanted("a", 0, tmp_path)
    asked.folder.mkdir(parents=True)
    (asked.folder / "train.jsonl").write_text('{"step": 40}\n')
    assert begin(asked).status() == "is trained, being evaluated"
