"""The report of a watch that is not whole: sources that fail, signals, nothing to report."""

import os
import signal

import pytest

from tests import tiny
from tests.data.video_files import camera, write_video
from tests.report.html_reader import read_alone, rows_of
from tests.watching.conftest import HEIGHT, WIDTH, footage, paths_in, watch_to_files
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.watching.monitor import Monitor


def flags_of(video_run, folder):
    tiny.config_file(folder / "tiny.py", video_run.config)
    return [f"--config={folder}/tiny.py", f"--workdir={video_run.directory}", "--mode=watch"]


def test_sources_beside_one_that_cannot_be_opened_are_reported(video_run, frames, tmp_path, capsys):
    write_video(tmp_path / "a.mkv", frames)
    (tmp_path / "b.mkv").write_text("no film")
    write_video(tmp_path / "c.mkv", frames[30:])
    command = [*flags_of(video_run, tmp_path), f"--input={tmp_path}/*.mkv", f"--report={tmp_path}/r.html"]
    assert main(command) == 0
    assert "b.mkv" in capsys.readouterr().err
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert [row[:2] for row in rows_of(document.one(id="sources").all("table")[0])] == [
        ["a.mkv", "60"],
        ["c.mkv", "30"],
    ]
    (row,) = rows_of(document.one(id="unwatched").all("table")[0])
    assert row[0] == str(tmp_path / "b.mkv") and row[1].startswith("not a video")
    assert document.all("p")[0].text == f"2 sources in {tmp_path}"
    rows = rows_of(document.one(id="event-table"))
    of_c = [row for row in rows if row[1] == "c.mkv"]
    assert of_c[0][0] == "0" and len(of_c) < len(rows)
    assert len(document.one(id="scores").all("figure")) == 6


def test_of_two_errors_the_first_is_told(video_run, frames, tmp_path, capsys):
    write_video(tmp_path / "a.mkv", frames[:9])
    (tmp_path / "s.csv").symlink_to("/dev/full")
    (tmp_path / "r.html").symlink_to("/dev/full")
    command = [
        *flags_of(video_run, tmp_path),
        f"--input={tmp_path}/a.mkv",
        f"--scores={tmp_path}/s.csv",
        f"--report={tmp_path}/r.html",
    ]
    assert main(command) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "s.csv" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_seen_before_a_signal_is_reported(video_run, frames, tmp_path, monkeypatch, number):
    see = Monitor.update

    def see_and_signal(self, frame):
        if frame.index == 20:  # in the middle of an event
            os.kill(os.getpid(), number)
        return see(self, frame)

    monkeypatch.setattr(Monitor, "update", see_and_signal)
    source = write_video(tmp_path / "film.mkv", frames)
    outputs = paths_in(tmp_path)
    if number == signal.SIGINT:
        with pytest.raises(KeyboardInterrupt):
            watch_to_files(video_run.config, video_run.trained, source, outputs)
    else:
        watch_to_files(video_run.config, video_run.trained, source, outputs)
    document = read_alone(outputs["report"].read_text(encoding="utf-8"))
    assert "21 (" in document.all("dl")[0].text
    assert len(rows_of(document.one(id="event-table"))) == len(document.all("article")) > 0


def test_a_camera_is_reported(video_run, tmp_path):
    with camera(tmp_path, 60, seconds=0.01, size=(HEIGHT, WIDTH)) as address:
        watch_to_files(video_run.config, video_run.trained, address, {"report": tmp_path / "r.html"}, 15)
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "15 (" in document.all("dl")[0].text


def test_a_film_without_events_or_without_scores_has_a_report(video_run, tmp_path):
    config = video_run.config.copy_and_resolve_references()
    config.watch.false_alarms = 1e-6
    write_video(tmp_path / "quiet.mkv", footage(20))
    watch_to_files(config, video_run.trained, str(tmp_path / "quiet.mkv"), {"report": tmp_path / "r.html"})
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "No events." in document.text and not document.all("article")
    write_video(tmp_path / "short.mkv", footage(2))
    with pytest.raises(UserError, match="give a longer one"):
        watch_to_files(
            config, video_run.trained, str(tmp_path / "short.mkv"), {"report": tmp_path / "r.html"}
        )
    assert "2 without scores" in read_alone((tmp_path / "r.html").read_text(encoding="utf-8")).text


def test_a_report_that_cannot_be_written_ends_with_a_line(video_run, frames, tmp_path, capsys):
    source = write_video(tmp_path / "film.mkv", frames[:20])
    command = [*flags_of(video_run, tmp_path), f"--input={source}", f"--report={tmp_path}/r.html"]
    (tmp_path / "r.html").symlink_to("/dev/full")
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert "20 frames" in out and f"error: cannot write {tmp_path}/r.html: no space" in err
    assert sorted(os.listdir(tmp_path)) == ["film.mkv", "r.html", "tiny.py"]


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        WatchReport(tmp_path / "nowhere" / "r.html", [])
