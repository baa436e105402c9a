"""Sweeps of a program that stands in for vpn_anomaly.main (conftest.py), started for real."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from experiments import sweep

# Tests that run in the background of a shell are started with Ctrl-C ignored, and so would this be.
SWEEP = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from experiments import sweep
sys.exit(sweep.main(sys.argv[2:], sys.argv[1:2]))
"""


class Runner:
    """Runs sweeps in tmp_path: runs in `work`, results in `kept`."""

    def __init__(self, tmp_path, program):
        self.work, self.kept, self.program = tmp_path / "work", tmp_path / "kept", program

    def flags(self, path, *more):
        return [f"--sweep={path}", f"--workdir={self.work}", f"--results={self.kept}", *more]

    def __call__(self, path, *more):
        return sweep.main(self.flags(path, *more), self.program)

    def start(self, path, *more):
        """The same in a process, once its run `waits` is under way."""
        process = subprocess.Popen(
            [sys.executable, "-c", SWEEP, *self.program, *self.flags(path, *more)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.wait_for(self.work / "waits/seed0/train.jsonl")
        return process

    def wait_for(self, path):
        end = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < end, f"no {path}"
            time.sleep(0.02)

    def started(self):
        """(row, seed) of every start, in order."""
        path = self.work / "started"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def pid(self):
        return int((self.work / "started").read_text().split()[-1])


@pytest.fixture
def run(tmp_path, fake_program):
    return Runner(tmp_path, fake_program)


def test_seed_by_seed_and_what_is_kept(run, sweep_file, capsys):
    assert run(sweep_file("b", "a", seeds=(3, 0))) == 0
    assert run.started() == [("b", 3), ("a", 3), ("b", 0), ("a", 0)]
    content = json.loads((run.kept / "tiny/a/seed3.json").read_text())
    own = json.loads((run.work / "a/seed3/results.json").read_text())
    assert content == {**own, "name": "a", "seed": 3}
    assert (content["config"]["train"]["targets"], content["config"]["seed"]) == ([10, 13], 3)
    with np.load(run.kept / "tiny/a/seed3.npz") as scores:
        assert sorted(scores) == ["normal/mean_nll", "temporal/mean_nll"]
        np.testing.assert_array_equal(scores["normal/mean_nll"], (np.arange(3) + 3 / 7).astype(np.float32))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[0/4] b seed 3 starts"
    assert lines[1].startswith("[1/4] b seed 3 done after 0.") and "min left" in lines[1]
    assert lines[-1] == f"all 4 runs are stored in {run.kept / 'tiny'}"


def test_what_is_stored_is_skipped(run, sweep_file, capsys):
    path = sweep_file("a", "b")
    assert run(path, "--only=b", "--seeds=1") == 0
    assert run(path, "--seeds=1") == 0
    assert run.started() == [("b", 1), ("a", 1)]
    assert "1 of 2 runs are stored" in capsys.readouterr().out
    assert run(path, "--seeds=1") == 0
    assert len(run.started()) == 2
    # A finished run whose stored results were lost is read again.
    (run.kept / "tiny/a/seed1.npz").unlink()
    assert run(path, "--seeds=1") == 0
    assert run.started()[2:] == [("a", 1)] and (run.kept / "tiny/a/seed1.npz").exists()


def test_results_of_another_config_stop_the_sweep_before_a_run(run, sweep_file, capsys):
    assert run(sweep_file("a", "b"), "--only=b") == 0
    capsys.readouterr()
    changed = sweep_file("a", "b", extra="COMMON = {'evaluate.sequences': 4, 'train.log_every': 3}")
    assert run(changed) == 2
    error = capsys.readouterr().err
    assert "evaluate.sequences 3 there and 4 here" in error and "train.log_every" in error
    assert "--results" in error and error.count("\n") == 1
    assert run.started() == [("b", 0)]


def test_a_failure_does_not_end_the_sweep(run, sweep_file, capsys):
    path = sweep_file("fails", "vanishes", "empty", "a")
    assert run(path) == 1
    assert [row for row, _ in run.started()] == ["fails", "vanishes", "empty", "a"]
    *_, fails, vanishes, empty, counted = capsys.readouterr().out.splitlines()
    assert fails == (
        f"fails seed 0 failed: exit code 3: MemoryError: no room (log: {run.work / 'fails/seed0.log'})"
    )
    assert "killed by SIGKILL (out of memory?): nothing was printed" in vanishes
    assert "exit code 0" in empty and counted.startswith("3 of 4 runs failed")
    assert (run.kept / "tiny/a/seed0.json").exists() and not (run.kept / "tiny/fails").exists()
    # Once mended, only what failed runs again, and the log goes on.
    (run.work / "mended").touch()
    assert run(path, "--only=fails,a") == 0
    assert [row for row, _ in run.started()[4:]] == ["fails"]
    assert "MemoryError" in (run.work / "fails/seed0.log").read_text()


def test_old_results_of_a_run_that_failed_are_not_taken_for_its_own(run, sweep_file):
    """The folder holds results of another evaluation, and the process ends without new ones."""
    folder = run.work / "empty/seed0"
    assert run(sweep_file("a")) == 0
    folder.mkdir(parents=True)
    for name in ("results.json", "scores.npz"):
        (folder / name).write_bytes((run.work / "a/seed0" / name).read_bytes())
    assert run(sweep_file("empty", extra="COMMON = {'evaluate.sequences': 4}")) == 1
    assert not (run.kept / "tiny/empty").exists()


def test_jobs_run_at_once(run, sweep_file):
    assert run(sweep_file("meets_a", "meets_b"), "--jobs=2") == 0


@pytest.mark.parametrize(
    "more, told",
    [
        (["--only=a,nothing"], "'nothing'; the rows are: a, b"),
        (["--seeds=0,x"], "--seeds=0,x"),
        (["--seeds=-1"], "--seeds=-1"),
        (["--seeds="], "--seeds="),
        (["--jobs=0"], "--jobs"),
        (["--sweep=nowhere.py"], "nowhere.py"),
        (["--workdir=/proc/nowhere"], "/proc/nowhere"),
        (["--unknown=3"], "--unknown"),
    ],
)
def test_what_cannot_run_is_told_in_one_line(run, sweep_file, capsys, more, told):
    check_refused(run, sweep_file("a", "b"), more, told, capsys)


@pytest.mark.parametrize(
    "extra, told",
    [
        ("del RUNS", "has no RUNS"),
        ("RUNS['b'] = {'model.nothing': 3}", "no config field 'model.nothing'"),
        ("RUNS['b'] = {'model.context': 15}", "row b of the sweep: train.targets"),
        ("raise ValueError('no')", "ValueError: no"),
        ("CONFIG = 'configs/nowhere.py'", "configs/nowhere.py"),
    ],
)
def test_a_wrong_sweep_file_is_told_in_one_line(run, sweep_file, capsys, extra, told):
    check_refused(run, sweep_file("a", "b", extra=extra), [], told, capsys)


def check_refused(run, path, more, told, capsys):
    try:
        code = run(path, *more)
    except SystemExit as stopped:  # argparse
        code = stopped.code
    printed = capsys.readouterr()
    assert code == 2 and told in printed.err and printed.err.count("\n") == 1
    assert printed.err.startswith("error: ") and not printed.out and not run.started()


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_lets_the_runs_save_and_the_command_goes_on(run, sweep_file, number, code):
    path = sweep_file("waits", "a")
    process = run.start(path)
    process.send_signal(number)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == code, output
    assert (run.work / "waits/seed0/saved").exists()
    assert "waits seed 0 stopped" in output and "failed" not in output and "Traceback" not in output
    assert run.started() == [("waits", 0)] and not (run.kept / "tiny/waits").exists()
    (run.work / "released").touch()
    assert run(path) == 0
    assert run.started() == [("waits", 0), ("waits", 0), ("a", 0)]


def ended(pid):
    """Whether the process is gone; a zombie is, though nobody may have asked for its exit code."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's part is Linux's")
def test_a_killed_sweep_takes_its_runs_with_it(run, sweep_file):
    path = sweep_file("waits")
    process = run.start(path)
    child = run.pid()
    assert not ended(child)
    process.kill()
    process.wait()
    end = time.monotonic() + 10
    while not ended(child) and time.monotonic() < end:
        time.sleep(0.02)
    outlived = not ended(child)
    (run.work / "released").touch()  # an orphan ends by this
    assert not outlived
    assert run(path) == 0
    assert len(run.started()) == 2


def test_a_second_interrupt_kills(run, sweep_file, tmp_path):
    deaf = tmp_path / "deaf.py"
    deaf.write_text(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + pathlib.Path(run.program[0]).read_text().replace("signal.signal(signal.SIGTERM, stop)", "pass")
    )
    run.program = (str(deaf),)
    process = run.start(sweep_file("waits"))
    child = run.pid()
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None and not ended(child)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert ended(child)


def test_only_one_process_works_in_a_folder(run, sweep_file, monkeypatch, capsys):
    """What protects a folder where the kernel does not end orphans."""
    monkeypatch.setattr("experiments.sweeps.child_process.PATIENCE", 0.2)
    path = sweep_file("waits", "a")
    process = run.start(path, "--only=waits")
    try:
        assert run(path) == 1
        printed = capsys.readouterr().out
        assert f"another process is at work in {run.work / 'waits/seed0'}" in printed
        assert run.started() == [("waits", 0), ("a", 0)]
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
    (run.work / "released").touch()
    assert run(path) == 0
