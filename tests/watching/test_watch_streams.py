"""A watching whose stdout or stderr goes away, or cannot show a character, sees all frames."""

import sys

import pytest

from tests import tiny
from tests.data.video_files import write_video
from tests.text.test_failsafe_streams import STREAMS
from tests.watching.conftest import footage
from vpn_anomaly.main import main


@pytest.mark.parametrize("stream", STREAMS)
def test_all_frames_are_scored(stream, video_run, monkeypatch, tmp_path):
    tiny.config_file(tmp_path / "tiny.py", video_run.config)
    source = write_video(tmp_path / "new.mkv", footage(9))
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, STREAMS[stream]())
    assert (
        main(
            [
                f"--config={tmp_path}/tiny.py",
                f"--workdir={video_run.directory}",
                "--mode=watch",
                f"--input={source}",
                f"--scores={tmp_path}/scores.csv",
                f"--events={tmp_path}/events.jsonl",
            ]
        )
        == 0
    )
    assert (tmp_path / "scores.csv").read_text().count("\n") == 10
    assert (tmp_path / "events.jsonl").exists()
