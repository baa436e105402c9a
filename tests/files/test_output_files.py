"""Outputs: those that cannot be written are refused before the work, the others change in one piece."""

import contextlib
import errno
import itertools
import os
import pathlib
import socket
import stat
import tempfile
import threading

import pytest

from tests.unprivileged import folder_without_permission
from vpn_anomaly import main as program
from vpn_anomaly import modes
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.files.output_files import AtomicFile, check_output, check_outputs_in, open_for_tailing
from vpn_anomaly.files.rows import write_rows

ROOT = pathlib.Path(__file__).parents[2]
LONGEST = 255  # bytes of a name
ENDINGS = {
    "output": ".csv",
    "maps": ".npz",
    "scores": ".csv",
    "events": ".jsonl",
    "video": ".mp4",
    "report": ".html",
}
MODES = {"score": ("output", "maps"), "watch": ("scores", "events", "video", "report")}


def longest(ending):
    """A name of many letters of two bytes, as long as a name may be."""
    letters = (LONGEST - len(ending)) // 2
    return "é" * letters + "o" * (LONGEST - len(ending) - 2 * letters) + ending


def link(folder, ending, to):
    path = folder / f"link{ending}"
    path.symlink_to(to)
    return path


def a_socket(folder, ending):
    with socket.socket(socket.AF_UNIX) as one, contextlib.chdir(folder):
        one.bind(f"socket{ending}")
    return folder / f"socket{ending}"


UNWRITABLE = {
    "a place that makes no files": lambda folder, closed, end: f"/proc/o{end}",
    "a read-only system": lambda folder, closed, end: f"/sys/o{end}",
    "a name too long": lambda folder, closed, end: folder / f"o{longest(end)}",
    "too long a path": lambda folder, closed, end: f"{folder}/{'../tmp/' * 700}o{end}",
    "a folder without permission": lambda folder, closed, end: closed / f"o{end}",
    "a file without permission": lambda folder, closed, end: link(folder, end, closed / "old.csv"),
    "a link into it": lambda folder, closed, end: link(folder, end, closed / f"o{end}"),
    "a link into nowhere": lambda folder, closed, end: link(folder, end, folder / "none" / f"o{end}"),
    "a link to itself": lambda folder, closed, end: link(folder, end, f"link{end}"),
    "a link to a folder": lambda folder, closed, end: link(folder, end, folder),
    "a socket": lambda folder, closed, end: a_socket(folder, end),
    "a file for a folder": lambda folder, closed, end: folder / "in.npz" / f"o{end}",
    "no folder": lambda folder, closed, end: folder / "none" / f"o{end}",
}


@pytest.fixture
def folder():
    """A folder that everybody may use; that of `tmp_path` is its owner's alone."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield pathlib.Path(name)


def content(folder):
    return {
        name: (folder / name).read_bytes() if (folder / name).is_file() else None
        for name in os.listdir(folder)
    }


# Every place with one flag, and every flag with two places or three.
@pytest.mark.parametrize("place, flag", list(zip(UNWRITABLE, itertools.cycle(ENDINGS))))
def test_what_cannot_be_written_is_refused_before_the_work(folder, capsys, monkeypatch, place, flag):
    def work(*arguments):
        raise AssertionError("began to work")

    monkeypatch.setattr(modes, "run", work)
    mode = next(mode for mode, flags in MODES.items() if flag in flags)
    with folder_without_permission() as closed:
        (folder / "in.npz").write_text("input")
        bad = UNWRITABLE[place](folder, closed, ENDINGS[flag])
        outputs = {name: folder / f"{name}{ENDINGS[name]}" for name in MODES[mode]} | {flag: bad}
        for name in MODES[mode][::2]:  # the others are new
            if name != flag:
                outputs[name].write_text(f"old {name}")
        before = content(folder), content(closed)
        code = program.main(
            [
                f"--config={ROOT}/configs/quick.py",
                f"--mode={mode}",
                f"--workdir={folder}/run",
                f"--input={folder}/in.npz",
                *(f"--{name}={path}" for name, path in outputs.items()),
            ]
        )
        assert (content(folder), content(closed)) == before
    out, err = capsys.readouterr()
    assert code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert str(bad)[:60] in err


def test_what_can_be_written_is_accepted_and_left_as_it_is(tmp_path):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("old.csv")
    (tmp_path / "new_link.csv").symlink_to("new.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.csv").symlink_to("/dev/null")
    names = ["new.csv", longest(".csv")]
    for name in [*os.listdir(tmp_path), *names]:
        check_output(tmp_path / name)
    assert not set(names) & set(os.listdir(tmp_path)) and len(os.listdir(tmp_path)) == 5
    assert (tmp_path / "old.csv").read_text() == "old"
    check_outputs_in(tmp_path / "a" / "b", "c.json", "d.mkv")
    assert not (tmp_path / "a").exists()
    with pytest.raises(UserError, match="cannot write .*old.csv/b: not a directory"):
        check_outputs_in(tmp_path / "old.csv" / "b", "c.json")


def written_in_one_piece(path, text):
    output_files.write_atomically(path, lambda file: file.write(text.encode()))


def followed(path, text):
    with open_for_tailing(path) as file:
        file.write(text.encode())


WRITERS = pytest.mark.parametrize("write", [written_in_one_piece, followed])


@WRITERS
def test_links_stay_links_and_a_file_keeps_its_permissions(tmp_path, write):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "old.csv").write_text("old")
    (tmp_path / "deep" / "old.csv").chmod(0o640)
    (tmp_path / "first.csv").symlink_to("deep/second.csv")
    (tmp_path / "deep" / "second.csv").symlink_to("old.csv")
    (tmp_path / "dangling.csv").symlink_to("deep/new.csv")
    for name in ("first.csv", "dangling.csv"):
        write(tmp_path / name, "new")
        assert (tmp_path / name).is_symlink() and (tmp_path / name).read_text() == "new"
    assert (tmp_path / "deep" / "second.csv").is_symlink()
    assert stat.S_IMODE((tmp_path / "deep" / "old.csv").stat().st_mode) == 0o640
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "deep" / "new.csv").stat().st_mode == plain.stat().st_mode
    assert sorted(os.listdir(tmp_path / "deep")) == ["new.csv", "old.csv", "second.csv"]


@WRITERS
def test_the_longest_name_can_be_written(tmp_path, write):
    for _ in range(2):
        write(tmp_path / longest(".csv"), "new")
    assert content(tmp_path) == {longest(".csv"): b"new"}


@WRITERS
def test_a_pipe_and_a_device_are_written_to(tmp_path, write):
    os.mkfifo(tmp_path / "pipe.csv")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe.csv").read_text()), daemon=True)
    reader.start()
    write(tmp_path / "pipe.csv", "new")
    reader.join(10)
    assert read == ["new"] and stat.S_ISFIFO((tmp_path / "pipe.csv").stat().st_mode)
    (tmp_path / "null.csv").symlink_to("/dev/null")
    write(tmp_path / "null.csv", "new")
    assert (tmp_path / "null.csv").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_scores_on_a_full_disk_end_with_a_line(tmp_path):
    (tmp_path / "full.csv").symlink_to("/dev/full")
    check_output(tmp_path / "full.csv")
    with pytest.raises(UserError, match="cannot write .*full.csv: no space left on device; choose"):
        write_rows(tmp_path / "full.csv", [{"sequence": 0}])


@WRITERS
@pytest.mark.parametrize("code", [errno.EBUSY, errno.EPERM])
def test_a_file_that_cannot_be_replaced_is_overwritten(tmp_path, monkeypatch, write, code):
    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    (tmp_path / "mounted.csv").write_text("older and longer")
    monkeypatch.setattr(os, "replace", refuse)
    write(tmp_path / "mounted.csv", "new")
    assert content(tmp_path) == {"mounted.csv": b"new"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space"), UserError])
def test_what_is_interrupted_leaves_the_older_file_and_nothing_else(tmp_path, error):
    def write(file):
        file.write(b"new")
        raise error

    (tmp_path / "old.csv").write_text("old")
    for name in ("old.csv", "new.csv"):
        with pytest.raises((KeyboardInterrupt, UserError)):
            output_files.write_atomically(tmp_path / name, write)
    assert content(tmp_path) == {"old.csv": b"old"}


@pytest.mark.parametrize("older", [True, False])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("last", [0, 1])
def test_of_two_writers_one_file_is_left_whole(tmp_path, older, named, last):
    path = tmp_path / "a.csv"
    if older:
        path.write_text("old")
    writers = [AtomicFile(path, named=named) for _ in range(2)]
    for writer, letter in zip(writers, (b"a", b"b")):
        writer.file.write(100 * letter)
    writers[1 - last].commit()
    writers[last].commit()
    assert os.listdir(tmp_path) == ["a.csv"] and path.read_bytes() in (100 * b"a", 100 * b"b")


def test_of_two_that_are_followed_one_is_left_whole(tmp_path):
    with open_for_tailing(tmp_path / "a.csv") as first:
        first.write(b"a\n")
        with open_for_tailing(tmp_path / "a.csv") as second:
            second.write(b"b\n")
            first.write(b"a\n")
            second.write(b"b\n")
    assert content(tmp_path) == {"a.csv": b"b\nb\n"}


def test_a_writer_that_gives_up_leaves_the_file_of_another(tmp_path):
    first = AtomicFile(tmp_path / "a.csv", named=True)
    output_files.write_atomically(tmp_path / "a.csv", lambda file: file.write(b"whole"))
    first.discard()
    assert content(tmp_path) == {"a.csv": b"whole"}
