"""Which exceptions end a command in one line, with which code, and that no secret is in it."""

import pytest

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.error_lines import report_error


def reported(capsys, error, *argv):
    """The exit code for an exception that is being handled, and what is printed on stderr."""
    try:
        raise error
    except BaseException as raised:
        code = report_error(raised, argv)
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


@pytest.mark.parametrize(
    "error, code, line",
    [
        (UserError("no such file"), 2, "error: no such file\n"),
        (UserError("two\nlines"), 2, "error: two\\nlines\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_what_a_user_causes_is_one_line(capsys, error, code, line):
    assert reported(capsys, error) == (code, line)


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), AssertionError()])
def test_a_bug_is_not_reported(capsys, error):
    assert reported(capsys, error, "--debug") == (None, "")


def test_what_an_allocator_says_is_cut(capsys):
    code, line = reported(capsys, MemoryError("x" * 1000 + "\nmore"))
    assert code == 2 and line.count("x" * 200) == 1 and "x" * 201 not in line and line.count("\n") == 1


def test_no_secret_of_the_arguments_is_in_it(capsys):
    address = "rtsp://user:secret@camera/1?token=hidden"
    for argument in (address, f"--input={address}"):
        _, text = reported(capsys, UserError(f"{address} cannot be opened"), argument, "--debug")
        *above, line = text.splitlines()
        assert "secret" not in text and "hidden" not in text and "camera" in line
        assert above[0] == "  Traceback (most recent call last):" and all(
            one.startswith("  ") for one in above
        )


@pytest.mark.parametrize("flags", [["--webhook={}"], ["-webhook={}"], ["--webhook", "{}"]])
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_nor_the_path_of_a_webhook(capsys, flags, debug):
    address = "https://hooks.example/services/T0B1/hunter2"
    argv = [flag.format(address) for flag in flags]
    _, line = reported(capsys, UserError(f"cannot post to {address}"), *argv, *debug)
    assert "error: cannot post to https://hooks.example/***\n" in line and "hunter2" not in line
