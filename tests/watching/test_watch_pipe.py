"""--mode=watch of what comes through a pipe, and of addresses in capitals."""

import os
import pathlib
import signal
import threading

import pytest

from tests import tiny
from tests.data.video.test_video_pipes import through_a_named_pipe
from tests.data.video_files import camera, write_video
from tests.watching.conftest import footage
from vpn_anomaly.data.video import pipe
from vpn_anomaly.main import main


@pytest.fixture
def flags(video_run, tmp_path):
    tiny.config_file(tmp_path / "tiny.py", video_run.config)
    return [
        f"--config={tmp_path}/tiny.py",
        f"--workdir={video_run.directory}",
        "--mode=watch",
        f"--scores={tmp_path}/scores.csv",
    ]


def rows(tmp_path):
    return (tmp_path / "scores.csv").read_text().count("\n") - 1


def test_a_pipe_is_watched(flags, tmp_path):
    content = pathlib.Path(write_video(tmp_path / "new.mkv", footage(9))).read_bytes()
    where, writing = through_a_named_pipe(tmp_path, content)
    with writing:
        assert main([*flags, f"--input={where}", f"--report={tmp_path}/r.html"]) == 0
    assert rows(tmp_path) == 9


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_sigterm_ends_the_watching_of_a_silent_pipe(part, flags, tmp_path, monkeypatch):
    content = pathlib.Path(write_video(tmp_path / "new.mkv", footage(40))).read_bytes()
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)  # a writer that does not go
    sent = int(len(content) * part)
    assert os.write(descriptor, content[:sent]) == sent
    read = pipe._Pipe.read

    def read_or_be_stopped(self, size):
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))  # when nothing comes
        timer.start()
        content = read(self, size)
        timer.cancel()
        return content

    monkeypatch.setattr(pipe._Pipe, "read", read_or_be_stopped)
    assert main([*flags, f"--input={tmp_path}/pipe"]) == 0
    os.close(descriptor)
    assert 5 < rows(tmp_path) < 30 if part else not (tmp_path / "scores.csv").exists() or rows(tmp_path) == 0


@pytest.mark.parametrize("scheme", ["HTTP", "Http"])
def test_an_address_in_capitals(scheme, flags, tmp_path):
    with camera(tmp_path, pictures=30, seconds=0.05, size=(22, 31)) as address:
        assert main([*flags, f"--input={address.replace('http', scheme)}", "--max_frames=5"]) == 0
    assert rows(tmp_path) == 5


@pytest.mark.parametrize("where", ["-", "pipe", "/dev/fd/{}"])
def test_a_pipe_is_not_scored(where, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    reading, writing = os.pipe()
    assert (
        main(
            [
                "--checkpoint=pretrained",
                "--mode=score",
                f"--input={where.format(reading)}",
                "--output=out.csv",
            ]
        )
        == 2
    )
    os.close(reading), os.close(writing)
    error = capsys.readouterr().err
    assert "write the sequences to a file first" in error and error.count("\n") == 1
    assert os.listdir() == ["pipe"]
