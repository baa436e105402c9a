"""A source whose frames take more memory than is allowed is one line; what is allowed can be set."""

from tests import tiny
from tests.data.video_files import write_video
from tests.watching.conftest import footage
from vpn_anomaly.main import main


def test_frames_of_a_source(tmp_path, video_run, capsys):
    tiny.config_file(tmp_path / "c.py", video_run.config)
    video = write_video(tmp_path / "x.mkv", footage(3).repeat(2, 1).repeat(2, 2))
    assert (
        main(
            [
                f"--config={tmp_path / 'c.py'}",
                f"--workdir={video_run.directory}",
                "--mode=watch",
                f"--input={video}",
                "--config.data.video.max_gigabytes=0.00001",
            ]
        )
        == 2
    )
    said = capsys.readouterr().err
    assert said.startswith(f"error: {video}: a frame of 62x44 pixels takes 2.18e-05 GB of memory, but")
    assert "data.video.max_gigabytes allows 1e-05; give a smaller file, or set" in said
    assert said.count("\n") == 1
