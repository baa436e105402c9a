"""The program vpn-anomaly: its commands are the modes, and the help of each has what it takes."""

import re

import pytest

from vpn_anomaly import console, flag_rows
from vpn_anomaly import main as module
from vpn_anomaly.modes import MODES


@pytest.fixture
def asked(monkeypatch):
    """The command lines that reach the program."""
    lines = []
    monkeypatch.setattr(console, "run", lines.append)
    return lines


@pytest.mark.parametrize("mode", MODES)
def test_a_command_is_a_mode(mode, asked):
    assert console.main([mode, "--input=a.npz"]) == 0
    assert asked == [[f"--mode={mode}", "--input=a.npz"]]


def test_flags_alone_are_those_of_the_module(asked):
    assert console.main(["--config=quick", "--workdir=a"]) == 0 and console.main(["--version"]) == 0
    assert asked == [["--config=quick", "--workdir=a"], ["--version"]]


@pytest.mark.parametrize("argv", ([], ["--help"], ["-h"]))
def test_help_names_the_commands(argv, capsys):
    assert console.main(argv) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^  vpn-anomaly (\w+) ", text, re.MULTILINE) == list(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_help_of_a_command_has_what_it_takes(mode, capsys):
    assert console.main([mode, "--help"]) == 0
    text = capsys.readouterr().out
    shown = set(re.findall(r"^  --(\w+)", text, re.MULTILINE)) - {"config", "help"}
    taken = {flag.name for flag in flag_rows.FLAGS if flag.taken_by(mode)} - {"config", "mode"}
    assert shown == taken and f"vpn-anomaly {mode} --" in text
    assert max(map(len, text.partition("Fields")[0].splitlines())) <= 118


def test_flags_of_one_mode_are_in_no_other_help(capsys):
    assert console.main(["score", "--help"]) == 0
    text = capsys.readouterr().out
    assert (
        "--events" not in text and "train.steps" not in text.partition("Fields")[2] and "score.masks" in text
    )


@pytest.mark.parametrize(
    "argv, said",
    [
        (["sore"], "there is no command 'sore'; the commands are: train,"),
        (["score", "--mode=watch"], "vpn-anomaly score is a mode already; leave --mode out"),
        (["score"], "--config is missing"),
    ],
)
def test_bad_commands_are_one_line(argv, said, capsys):
    assert console.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


def test_the_module_takes_no_commands(capsys):
    assert module.main(["score", "--config=quick"]) == 2
    assert "unexpected argument 'score'" in capsys.readouterr().err
