"""--mode=watch from the command line: what cannot be watched, what breaks, what is told to stop."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.data.video import test_video_refused as refused
from tests.data.video_files import camera, server, write_folder, write_video
from tests.report.html_reader import read_alone
from tests.watching.conftest import HEIGHT, WIDTH, footage, without_progress
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.main import main
from vpn_anomaly.watching.monitor import Monitor

ROOT = pathlib.Path(__file__).parents[2]
FLAT_FRAMES = int(os.environ.get("FLAT_FRAMES", "4000"))  # a whole number of thousands


def short(path):
    return write_video(path, footage(3))


def of_another_size(path):
    return write_video(path, footage(9)[:, :, :20])


def mixed_folder(path):
    write_folder(path.parent / "mixed", footage(2))
    write_video(path.parent / "mixed" / "film.mkv", footage(2))
    return str(path.parent / "mixed")


def no_folder_of_images(path):
    (path.parent / "notes").mkdir()
    (path.parent / "notes" / "notes.txt").write_text("none")
    return str(path.parent / "notes")


def no_camera(path):
    return "camera:99"


@pytest.mark.parametrize(
    "name, made, words",
    [
        ("x.mkv", refused.no_source, "no such file"),
        ("x.mkv", refused.empty, "the file is empty"),
        ("x.txt", refused.text, "no video in it, only text"),
        ("x.m4a", refused.sound, "no video in it, only audio"),
        ("x.avi", refused.without_frames, "no frames in it"),
        ("x.mkv", short, "3 frames, but the first 3 of a source have no scores; give a longer one"),
        ("x.mkv", of_another_size, "thresholds hold for one size only"),
        ("x.mkv", mixed_folder, "2 images and 1 videos in one folder"),
        ("x.mkv", no_folder_of_images, "no images and no videos in this folder"),
        ("x.mkv", no_camera, "camera:99"),
    ],
)
def test_what_cannot_be_watched_ends_with_a_line(flags, tmp_path, capsys, name, made, words):
    source = made(tmp_path / name)
    assert main([*flags, f"--input={source}", f"--events={tmp_path}/events.jsonl"]) == 2
    (line,) = without_progress(capsys.readouterr().err)
    assert line.startswith("error: ") and words in line


def test_a_stream_that_never_answers_ends_with_a_line(flags, capsys):
    with server(silent=True) as port:
        started = time.monotonic()
        address = f"--input=http://127.0.0.1:{port}/"
        assert main([*flags, address, "--config.watch.timeout=0.5"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and time.monotonic() - started < 10


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("flag, name", [("scores", "s.csv"), ("events", "e.jsonl"), ("video", "v.mkv")])
def test_a_full_disk_ends_with_a_line(flags, tmp_path, capsys, flag, name):
    frames = footage(60, seed=1)
    frames[30:40] = 255 - frames[30:40] // 4  # an event
    source = write_video(tmp_path / "film.mkv", frames)
    (tmp_path / name).symlink_to("/dev/full")
    assert main([*flags, f"--input={source}", f"--{flag}={tmp_path / name}"]) == 2
    (line,) = without_progress(capsys.readouterr().err)
    assert f"cannot write {tmp_path / name}: no space" in line


def test_one_short_source_among_others_is_told(flags, tmp_path, capsys):
    write_video(tmp_path / "a.mkv", footage(2))
    write_video(tmp_path / "b.mkv", footage(8))
    assert main([*flags, f"--input={tmp_path}/*.mkv"]) == 0
    out, err = capsys.readouterr()
    assert "10 frames" in out and "a.mkv: 2 frames, but the first 3" in err and "b.mkv: 8" not in err


def test_a_path_with_spaces_and_other_letters(flags, tmp_path):
    folder = tmp_path / "Überwachung 100%"
    folder.mkdir()
    source = write_video(folder / "Straße №1.mkv", footage(8))
    outputs = [f"--scores={folder}/Wörter.csv", f"--video={folder}/gesehen %d.mp4"]
    assert main([*flags, f"--input={source}", *outputs]) == 0
    rows = list(csv.DictReader((folder / "Wörter.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 8 and rows[0]["source"] == source
    with open_video(f"{folder}/gesehen %d.mp4", VideoSettings()) as video:
        assert len(list(video)) == 8


def test_a_camera_that_is_faster_than_the_watching(flags, tmp_path, capsys, monkeypatch):
    see = Monitor.update
    monkeypatch.setattr(Monitor, "update", lambda self, frame: time.sleep(0.05) or see(self, frame))
    with camera(tmp_path, 400, seconds=0.005, size=(HEIGHT, WIDTH)) as address:
        scores = tmp_path / "scores.csv"
        assert main([*flags, f"--input={address}", f"--scores={scores}", "--max_frames=20"]) == 0
    rows = list(csv.DictReader(scores.read_text().splitlines()))
    numbers = [int(row["frame"]) for row in rows]
    assert len(numbers) == 20 and numbers == sorted(set(numbers)) and numbers[-1] > 40
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "dropped" in line]
    dropped = int(line.split(": ")[1].split()[0])
    assert dropped >= numbers[-1] + 1 - len(numbers) and line.endswith("0 reconnections")


@pytest.mark.slow
def test_sigterm_leaves_files_that_can_be_read(flags, tmp_path):
    np.save(tmp_path / "long.npy", np.tile(footage(500), (40, 1, 1, 1)))
    scores, events, video = (tmp_path / name for name in ("s.csv", "e.jsonl", "v.mp4"))
    command = [
        sys.executable,
        "-m",
        "vpn_anomaly.main",
        *flags,
        f"--input={tmp_path}/long.npy",
        f"--scores={scores}",
        f"--events={events}",
        f"--video={video}",
        f"--report={tmp_path}/r.html",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + 120
    while not scores.exists() or scores.read_text().count("\n") <= 300:  # one is the header
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    rows = list(csv.DictReader(scores.read_text().splitlines()))
    assert process.returncode == 0 and f"{len(rows):,} frames" in out
    assert 300 <= len(rows) < 20_000 and scores.read_text().endswith("\n")
    history = [json.loads(line) for line in events.read_text().splitlines()]
    begun, ended = ({e["event"] for e in history if e["what"] == what} for what in ("begin", "end"))
    assert begun == ended
    with open_video(str(video), VideoSettings()) as seen:
        assert len(list(seen)) == len(rows)
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert f"{len(rows):,} (" in document.all("dl")[0].text


def anonymous_bytes():
    """Memory of this process that is not a file's."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux' own figures")
def test_memory_is_flat_over_thousands_of_frames(flags, tmp_path, monkeypatch):
    np.save(tmp_path / "long.npy", np.tile(footage(1_000), (FLAT_FRAMES // 1_000, 1, 1, 1)))
    see, memory = Monitor.update, {}

    def see_and_measure(self, frame):
        if frame.index in (1_000, FLAT_FRAMES - 1):
            memory[frame.index] = anonymous_bytes()
        return see(self, frame)

    monkeypatch.setattr(Monitor, "update", see_and_measure)
    outputs = [f"--scores={tmp_path}/s.csv", f"--events={tmp_path}/e.jsonl", f"--report={tmp_path}/r.html"]
    assert main([*flags, f"--input={tmp_path}/long.npy", *outputs, "--config.score.masks=1"]) == 0
    assert memory[FLAT_FRAMES - 1] - memory[1_000] < 300 * (FLAT_FRAMES - 1_000)  # bytes a frame
