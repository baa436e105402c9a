"""The normal footage of a run: what cannot be read of it is named, and the rest is read."""

import logging
import types

import numpy as np
import pytest

from tests.data.video_files import moving_frames, write_folder, write_video
from vpn_anomaly.data.build import read_videos
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.warning_lines import warnings_on_stderr

FRAMES = moving_frames(channels=1)


def data_of(tmp_path, where, gigabytes=1.0):
    video = types.SimpleNamespace(
        height=0,
        width=0,
        rate=0,
        frame_rate=25,
        depth=0,
        max_gigabytes=1,
        cache=str(tmp_path / "cache"),
        cache_gigabytes=gigabytes,
    )
    return types.SimpleNamespace(source="video", path=f"{tmp_path}/{where}", channels=1, video=video)


@pytest.fixture
def films(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    write_video(folder / "a.mkv", FRAMES)
    (folder / "b.mkv").write_bytes(b"")
    (folder / "c.mp4").write_bytes(b"damaged" * 99)
    (folder / "d.mkv").symlink_to("nowhere")
    np.save(folder / "e.npy", FRAMES)
    return folder


@pytest.mark.parametrize("where", ["films", "films/*"])
def test_files_that_cannot_be_read_are_named_and_passed_over(tmp_path, films, caplog, where):
    with caplog.at_level(logging.WARNING, "vpn_anomaly"):
        videos = read_videos(data_of(tmp_path, where))
    assert list(videos) == [str(films / "a.mkv"), str(films / "e.npy")]
    assert all(np.array_equal(frames, FRAMES) for frames in videos.values())
    lines = [record.getMessage() for record in caplog.records]
    for line, name in zip(lines, ("b.mkv", "c.mp4", "d.mkv"), strict=True):
        assert line.startswith(f"{films / name}: ") and line.endswith("; it is skipped")


def test_so_are_folders_without_an_image_that_can_be_read(tmp_path, caplog):
    write_folder(tmp_path / "a", FRAMES)
    write_folder(tmp_path / "b", FRAMES[:2])
    for path in (tmp_path / "b").iterdir():
        path.write_bytes(b"damaged")
    assert list(read_videos(data_of(tmp_path, "*"))) == [str(tmp_path / "a")]
    assert f"{tmp_path}/b: no frames in it (2 of 2 images cannot be read" in caplog.text


def test_where_nothing_can_be_read_it_is_an_error(tmp_path, films):
    for name in ("a.mkv", "e.npy"):
        (films / name).unlink()
    with pytest.raises(UserError, match=r"b.mkv: the file is empty.* \(and 2 more cannot be read\)$"):
        read_videos(data_of(tmp_path, "films"))


def test_a_full_cache_is_no_file_that_is_passed_over(tmp_path, films):
    with pytest.raises(UserError, match="more than data.video.cache_gigabytes"):
        read_videos(data_of(tmp_path, "films", gigabytes=1e-6))
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(UserError, match="cannot write .*cache"):
        read_videos(data_of(tmp_path, "films"))


def test_a_line_is_told_once_in_a_call(tmp_path, films, capsys):
    with warnings_on_stderr():
        for _ in range(2):  # the size of the frames is asked for, then their motion, then they train
            read_videos(data_of(tmp_path, "films"))
    assert len(capsys.readouterr().err.splitlines()) == 1 + 3  # one line on the progress
