"""One program at a time in a workdir: who is second is told who is first, and touches nothing."""

import contextlib
import errno
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.compilation_cache import READ_ONLY
from tests.tiny import config_file, stored_run, tiny_config
from vpn_anomaly.config import as_dict, defaults
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.storage import workdir, workdir_lock

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOLDS = """
import pathlib, sys
from vpn_anomaly.storage import workdir_lock
with workdir_lock.held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
QUICK = "--config=configs/quick.py"


@contextlib.contextmanager
def another_program(directory):
    """Holds the folder while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


def state(directory):
    """What stands in a folder, and when each part was changed."""
    return {
        path: (path.lstat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in [directory, *directory.rglob("*")]
    }


def error_of(capsys, *argv):
    assert main([str(argument) for argument in argv]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("error: ") and not out
    return line


@pytest.mark.slow
def test_the_second_is_told_who_holds_it_and_touches_nothing(tmp_path, capsys):
    workdir.open_run(tmp_path / "run", defaults())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("run")
    for directory in (tmp_path / "run", tmp_path / "elsewhere", tmp_path / "new"):
        with another_program(directory) as process:
            before = state(directory)
            for flags in (
                [QUICK],
                [QUICK, "--mode=train"],
                [QUICK, "--mode=evaluate"],
                [QUICK, "--config.train.steps=7"],
                ["--checkpoint=pretrained", "--mode=evaluate"],
            ):
                if "--mode=evaluate" in flags and QUICK in flags and directory.name != "run":
                    continue  # there is nothing to evaluate
                place = tmp_path / "link" if directory.name == "run" else directory
                line = error_of(capsys, *flags, f"--workdir={place}")
                assert re.search(
                    rf"in use .*process {process.pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\)", line
                ), line
            assert state(directory) == before
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "link", "run"]
    assert os.listdir(tmp_path / "run") == ["config.json"]


def test_a_killed_program_holds_nothing(tmp_path):
    with another_program(tmp_path) as process:
        process.kill()
        process.wait()
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == process.pid
        with workdir_lock.held(tmp_path):
            assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 5000,
        b'{"pid": 1}',
        b"7",
        b'{"pid": "x"}',
        b'{"pid": 1, "since": "a\\nerror: b", "host": "c"}',
    ],
)
def test_any_content_of_a_lock_that_is_left_or_held(tmp_path, content):
    (tmp_path / ".lock").write_bytes(content)
    with workdir_lock.held(tmp_path):
        (tmp_path / ".lock").write_bytes(content)  # as before the holder has written
        with pytest.raises(workdir_lock.InUse, match="in use by another program; wait") as raised:
            with workdir_lock.held(tmp_path):
                pass
        assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == []


def test_folders_that_were_made_for_nothing_go(tmp_path):
    with pytest.raises(UserError, match="no data"):
        with workdir_lock.held(tmp_path / "a" / "b"):
            raise UserError("no data")
    assert os.listdir(tmp_path) == []
    with workdir_lock.held(tmp_path / "a" / "b"):
        (tmp_path / "a/b/config.json").touch()
    assert os.listdir(tmp_path / "a/b") == ["config.json"]


def test_a_lock_that_its_holder_removes_in_between(tmp_path, monkeypatch):
    flock, path = fcntl.flock, tmp_path / ".lock"

    def flock_after_removal(*arguments):
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", flock_after_removal)
    with workdir_lock.held(tmp_path):
        with pytest.raises(workdir_lock.InUse):
            with workdir_lock.held(tmp_path):
                pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_without_locks_it_goes_on_with_one_warning(tmp_path, monkeypatch, caplog, code):
    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with workdir_lock.held(tmp_path / "run"):
        (tmp_path / "run/config.json").touch()
    (record,) = caplog.records
    assert "has no locks" in record.getMessage() and "\n" not in record.getMessage()
    assert os.listdir(tmp_path / "run") == ["config.json"]


def test_without_fcntl_likewise(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(workdir_lock, "fcntl", None)
    with workdir_lock.held(tmp_path):
        pass
    assert len(caplog.records) == 1 and os.listdir(tmp_path) == []


def test_a_lock_that_is_left_makes_no_folder_foreign(tmp_path):
    (tmp_path / ".lock").write_text("{}")
    workdir.open_evaluation(tmp_path, "sum")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").write_text("{}")
    workdir.open_run(tmp_path / "run", defaults())
    assert json.loads((tmp_path / "run/config.json").read_text()) == as_dict(defaults())


def test_the_same_command_twice_in_one_second_has_two_folders(tmp_path, monkeypatch, capsys):
    """Without --workdir."""
    monkeypatch.chdir(tmp_path)
    name, names = workdir.new_run, []

    def another_takes_it(*arguments):
        names.append(name(*arguments))
        if len(names) == 1:
            stack.enter_context(workdir_lock.held(names[0]))
        return names[-1]

    monkeypatch.setattr(workdir, "new_run", another_takes_it)
    config = tiny_config()
    config_file(tmp_path / "tiny.py", config)
    monkeypatch.setattr(workdir, "check_free", lambda *_: (_ for _ in ()).throw(UserError("seen")))
    with contextlib.ExitStack() as stack:
        assert main(["--config=tiny.py"]) == 2
        assert capsys.readouterr().err == "error: seen\n"
    assert len(set(names)) == 2


def start(path, directory, *flags, environment=()):
    command = [sys.executable, "-m", "vpn_anomaly.main", f"--config={path}", f"--workdir={directory}", *flags]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_the_same_training_started_three_times(tmp_path):
    path, directory = tmp_path / "tiny.py", tmp_path / "run"
    config_file(path, tiny_config({"train.steps": 12, "train.checkpoint_every": 2}))
    running = [start(path, directory, "--mode=train", environment=READ_ONLY) for _ in range(3)]
    ended = {process.communicate(timeout=300)[0]: process.returncode for process in running}
    refused = [output for output, code in ended.items() if code == 2]
    assert sorted(ended.values()) == ([0, 2, 2] if len(ended) == 3 else [0, 2]), ended
    for output in refused:
        assert re.fullmatch(r"error: .*run is in use by another program.*\n", output), output
    assert sorted(os.listdir(directory)) == ["checkpoints", "config.json", "events", "train.jsonl"]


@pytest.mark.slow
def test_a_run_is_scored_and_not_evaluated_while_it_is_trained(tmp_path, capsys):
    run = stored_run(tmp_path / "run", tiny_config())
    config_file(tmp_path / "tiny.py", run.config)
    np.save(tmp_path / "in.npy", np.zeros((2, 8, 32, 32, 1), np.uint8))
    flags = [f"--config={tmp_path}/tiny.py", f"--workdir={tmp_path}/run"]
    with another_program(tmp_path / "run") as process:
        error_of(capsys, *flags, "--mode=evaluate")
        score = [*flags, "--mode=score", f"--input={tmp_path}/in.npy", f"--output={tmp_path}/o.csv"]
        assert main(score) == 0
        assert len((tmp_path / "o.csv").read_text().splitlines()) == 3
        assert process.poll() is None
