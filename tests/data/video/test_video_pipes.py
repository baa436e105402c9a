"""Videos that come through pipes: named ones, descriptors, the standard input."""

import contextlib
import os
import socket
import threading
import time

import numpy as np
import pytest

from tests.data.video_files import images, moving_frames, watched, write_video
from vpn_anomaly.data.video.frame_cache import FrameCache
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.data.video.pipe import is_pipe
from vpn_anomaly.data.video.sources import sources
from vpn_anomaly.errors import UserError

FRAMES = moving_frames(12, channels=1)
KINDS = {
    "mkv": {},
    "ts": {"codec": "mpeg2video", "pixels": "yuv420p", "format": "mpegts"},
    "mjpeg": {"codec": "mjpeg", "pixels": "yuvj420p", "format": "mjpeg"},
    "webm": {"codec": "vp8", "pixels": "yuv420p"},
    "mp4": {"codec": "mpeg4", "pixels": "yuv420p", "options": {"movflags": "frag_keyframe+empty_moov"}},
}


@contextlib.contextmanager
def written(descriptor_or_path, content, after=0.0):
    """Writes into a pipe meanwhile, then closes it."""

    def write():
        time.sleep(after)
        with contextlib.suppress(BrokenPipeError), open(descriptor_or_path, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join(10)


def through_a_named_pipe(folder, content, after=0.0):
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe"), written(folder / "pipe", content, after)


def through_a_descriptor(folder, content, after=0.0):
    reading, writing = os.pipe()
    return f"/dev/fd/{reading}", written(writing, content, after)


def through_the_standard_input(folder, content, after=0.0):
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    return "-", written(writing, content, after)


def through_a_socket(folder, content, after=0.0):
    reading, writing = (end.detach() for end in socket.socketpair())
    return f"/dev/fd/{reading}", written(writing, content, after)


WAYS = [through_a_named_pipe, through_a_descriptor, through_the_standard_input, through_a_socket]


@pytest.fixture(autouse=True)
def standard_input():
    """That of this process comes back."""
    kept = os.dup(0)
    yield
    os.dup2(kept, 0)
    os.close(kept)


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_video_through_a_pipe_is_as_on_disk(way, ending, tmp_path):
    path = tmp_path / f"film.{ending}"
    write_video(path, FRAMES, **KINDS[ending])
    where, writing = way(tmp_path, path.read_bytes())
    (source,) = sources(where)
    assert is_pipe(source)
    with writing:
        frames, video = watched(source)
    assert not video.live and len(frames) >= 11
    np.testing.assert_array_equal(np.stack([frame.image for frame in frames]), images(str(path)))


def test_a_writer_that_comes_late_is_waited_for(tmp_path):
    content = (tmp_path / "film.mkv", write_video(tmp_path / "film.mkv", FRAMES))[0].read_bytes()
    where, writing = through_a_named_pipe(tmp_path, content, after=0.7)
    with writing:
        assert len(watched(where)[0]) == 12


def test_the_standard_input_may_be_a_file(tmp_path):
    with open(write_video(tmp_path / "film.mkv", FRAMES), "rb") as file:
        os.dup2(file.fileno(), 0)
        (source,) = sources("-")
        assert len(watched(source)[0]) == 12


def test_the_standard_input_may_be_no_terminal(monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 0)
    with pytest.raises(UserError, match="is a terminal"):
        sources("-")


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "nothing came through the pipe"),
        (b"no video\n" * 50, "not a video"),
        (bytes(10_000), "not a video"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_video(way, content, words, tmp_path):
    where, writing = way(tmp_path, content)
    with writing, pytest.raises(UserError, match=words) as error:
        watched(sources(where)[0])
    assert "\n" not in str(error.value)


def test_a_film_whose_index_is_at_its_end(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 96, 96, 1), np.uint8)
    path = write_video(tmp_path / "film.mp4", noise, codec="mpeg4", pixels="yuv420p")
    where, writing = through_a_named_pipe(tmp_path, (tmp_path / "film.mp4").read_bytes())
    with writing, pytest.raises(UserError, match="frag_keyframe") as error:
        watched(where)
    assert len(watched(path)[0]) == 60 and "\n" not in str(error.value)


def test_a_silent_pipe_ends_when_it_is_told_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    asked = []

    def stopped():
        asked.append(True)
        return len(asked) > 2

    with pytest.raises(UserError, match="nothing came"):
        open_video(str(tmp_path / "pipe"), VideoSettings(), stopped=stopped)


@pytest.mark.parametrize("way", WAYS)
def test_a_pipe_is_not_trained_on(way, tmp_path):
    where, writing = way(tmp_path, b"")
    with writing:
        (source,) = sources(where)
        with pytest.raises(UserError, match="write it to a file first"):
            FrameCache(tmp_path / "cache", VideoSettings(), 1).frames(source)
        if way is through_a_named_pipe:  # its writer waits for a reader
            os.close(os.open(source, os.O_RDONLY))
    assert not (tmp_path / "cache").exists()


def test_no_descriptor_stays_open(tmp_path):
    content = (tmp_path / "film.mkv", write_video(tmp_path / "film.mkv", FRAMES))[0].read_bytes()
    where, writing = through_a_named_pipe(tmp_path, content)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    with writing:
        watched(where)
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before
