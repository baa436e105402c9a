"""Standard streams that are closed, full, without a reader, or cannot show a character: nothing changes."""

import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests import tiny
from vpn_anomaly import command_line
from vpn_anomaly.main import main
from vpn_anomaly.storage import results_file
from vpn_anomaly.text.failsafe_streams import failsafe_streams

ROOT = pathlib.Path(__file__).parents[2]


class Failing(io.StringIO):
    """A stream on which all fails in one way."""

    encoding = "utf-8"

    def __init__(self, error):
        super().__init__()
        self._fail = error

    def write(self, text):
        raise self._fail

    flush = isatty = lambda self: self.write("")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {
    "none": lambda: None,
    "closed": closed,
    "no reader": lambda: Failing(BrokenPipeError(32, "Broken pipe")),
    "full": lambda: Failing(OSError(28, "No space left on device")),
    "terminal gone": lambda: Failing(OSError(5, "Input/output error")),
    "busy": lambda: Failing(BlockingIOError(11, "Resource temporarily unavailable")),
    "ascii": lambda: io.TextIOWrapper(io.BytesIO(), encoding="ascii"),
    "cp1252": lambda: io.TextIOWrapper(io.BytesIO(), encoding="cp1252"),
}


@pytest.fixture(params=STREAMS)
def bad_streams(request, monkeypatch):
    """stdout and stderr of this process."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, STREAMS[request.param]())


def test_printing_changes_nothing_and_the_streams_come_back(bad_streams):
    before = sys.stdout, sys.stderr
    with failsafe_streams():
        for stream in (sys.stdout, sys.stderr):
            print("p ≤ 0.01, 4×4, \udcff", file=stream, flush=True)
            stream.writelines(["≤", "\n"])
            assert not stream.isatty()
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize(
    "encoding, shown",
    [
        ("ascii", r"p \u2264 4\xd74 \udcff"),
        ("latin-1", r"p \u2264 4×4 \udcff"),
        ("cp1252", r"p \u2264 4×4 \udcff"),
        ("utf-8", r"p ≤ 4×4 \udcff"),
    ],
)
def test_characters_that_cannot_be_shown_are_replaced(monkeypatch, encoding, shown):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    with failsafe_streams():
        print("p ≤ 4×4 \udcff")
    assert raw.getvalue().decode(encoding) == shown + "\n"


def test_what_is_told_after_a_failure_is_told(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with failsafe_streams():
        with monkeypatch.context() as full:
            full.setattr(stream, "write", STREAMS["full"]().write, raising=False)
            print("lost")
        print("told")
    assert stream.getvalue() == "told\n"


# --- the work, in this process


@pytest.fixture(scope="module")
def scoring(tmp_path_factory):
    """The flags that score a file with a tiny run."""
    folder = tmp_path_factory.mktemp("scoring")
    config = tiny.tiny_config()
    tiny.stored_run(folder / "run", config)
    tiny.config_file(folder / "tiny.py", config)
    np.savez(folder / "in.npz", sequences=np.zeros((3, tiny.FRAMES, tiny.SIDE, tiny.SIDE), np.uint8))
    return [
        f"--config={folder}/tiny.py",
        f"--workdir={folder}/run",
        "--mode=score",
        f"--input={folder}/in.npz",
    ]


def test_scoring(bad_streams, scoring, tmp_path):
    assert main([*scoring, f"--output={tmp_path}/out.csv"]) == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 4
    assert main([*scoring, f"--output={tmp_path}/no/out.csv"]) == 2


def test_training_and_evaluation(monkeypatch, tmp_path):
    config = tiny.tiny_config()
    tiny.config_file(tmp_path / "tiny.py", config)
    monkeypatch.setattr(sys, "stdout", STREAMS["full"]())
    monkeypatch.setattr(sys, "stderr", STREAMS["no reader"]())
    assert main([f"--config={tmp_path}/tiny.py", f"--workdir={tmp_path}/run"]) == 0
    assert results_file.finished_results(tmp_path / "run", config) is not None
    last = (tmp_path / "run/train.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["step"] == config.train.steps


def test_interrupted_by_ctrl_c_all_the_same(bad_streams, monkeypatch):
    def interrupted(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "parse", interrupted)
    assert main(["--config=configs/quick.py", "--debug"]) == 130


# --- as programs


def ended(redirections, *command):
    """Exit code, stdout and stderr of a program that a shell starts with these redirections."""
    script = f'"$@" {redirections}; echo "${{PIPESTATUS[0]}}" >&9'
    reading, writing = os.pipe()
    with open(reading) as told:
        done = subprocess.run(
            ["bash", "-c", f"exec 9>&{writing}; {script}", "bash", sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[writing],
            timeout=300,
            capture_output=True,
            text=True,
            errors="replace",
        )
        os.close(writing)
        return int(told.read()), done.stdout, done.stderr


HELP = ["-m", "vpn_anomaly.main", "--help"], 0
ERROR = ["-m", "vpn_anomaly.main", "--config=no.py"], 2
HELP_OF_SWEEP = ["-m", "experiments.sweep", "--help"], 0
REDIRECTIONS = (
    ">&-",
    "2>&-",
    "<&- >&- 2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>&1",
    "| true",
    "| head -1 >/dev/null",
    "2>&1 | true",
)


@pytest.mark.parametrize(
    "command, code, redirections",
    [
        *((*command, redirections) for command in (HELP, ERROR) for redirections in REDIRECTIONS),
        *((*HELP_OF_SWEEP, redirections) for redirections in (">&-", ">/dev/full", "| true")),
    ],
)
def test_a_short_command_ends_without_a_word(command, code, redirections):
    found, _, error = ended(redirections, *command)
    assert found == code
    assert error == "" or code == 2 and error.startswith("error: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_help_on_a_terminal_of_few_characters(variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, text, error = ended("", "-m", "vpn_anomaly.main", "--help")
    assert (code, error) == (0, "") and "uint8 glyphs" in text


@pytest.mark.parametrize("redirections", ["2>&-", "<&- >&- 2>&-"])
def test_what_libraries_print_lands_in_no_file_of_ours(redirections, tmp_path):
    program = (
        "import os, subprocess, sys\nfrom vpn_anomaly.text.failsafe_streams import failsafe_streams\n"
        "with failsafe_streams(), open(sys.argv[1], 'wb') as file:\n"
        "    file.write(b'weights')\n    os.write(2, b'a warning of C++')\n"
        "    subprocess.run(['sh', '-c', 'echo of a child >&2'], check=True)\n"
    )
    assert ended(redirections, "-c", program, str(tmp_path / "file"))[0] == 0
    assert (tmp_path / "file").read_bytes() == b"weights"


@pytest.mark.slow
@pytest.mark.parametrize("redirections", ["<&- >&- 2>&-", ">/dev/full 2>&1", "2>&1 | head -1"])
def test_scoring_as_a_program(redirections, scoring, tmp_path):
    code, _, error = ended(redirections, "-m", "vpn_anomaly.main", *scoring, f"--output={tmp_path}/out.csv")
    assert (code, error) == (0, "")
    assert (tmp_path / "out.csv").read_text().count("\n") == 4
