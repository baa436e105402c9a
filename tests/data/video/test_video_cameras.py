"""Cameras that are not there, and what each system is asked for."""

import sys

import av
import pytest

from tests.data.video_files import moving_frames, write_video
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

GREY = moving_frames(channels=1)


@pytest.mark.parametrize(
    "source, line",
    [
        ("camera:9", "camera:9: this camera cannot be opened .no such file or directory.; there are:"),
        ("/dev/video99", "/dev/video99: this camera cannot be opened"),
        ("camera:front", "camera:front: no such camera; give camera: and its number"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the words are Linux's")
def test_a_camera_that_is_not_there(source, line):
    with pytest.raises(UserError, match=line):
        open_video(source, VideoSettings())


def test_a_system_without_cameras(monkeypatch):
    monkeypatch.setattr(sys, "platform", "sunos5")
    with pytest.raises(UserError, match="camera:0: no cameras on sunos5"):
        open_video("camera:0", VideoSettings())


@pytest.mark.parametrize(
    "platform, asked",
    [
        ("linux", ("/dev/video1", "v4l2")),
        ("darwin", ("1", "avfoundation")),
        ("win32", ("video=@back", "dshow")),
    ],
)
def test_cameras_are_asked_for_in_the_words_of_the_system(tmp_path, monkeypatch, platform, asked):
    """Against FFmpeg's manual of devices; the camera is a file here."""

    class Device:
        def __init__(self, name, kind):
            self.name, self.media_types = name, [kind]

    devices = [Device("@front", "video"), Device("@voice", "audio"), Device("@back", "video")]
    source, opened, av_open = write_video(tmp_path / "x.mkv", GREY), [], av.open

    def opening(name, format, **_):
        opened.append((name, format))
        return av_open(source)

    monkeypatch.setattr(av, "enumerate_input_devices", lambda _: devices)
    monkeypatch.setattr(av, "open", opening)
    monkeypatch.setattr(sys, "platform", platform)
    with open_video("camera:1", VideoSettings()) as video:
        assert opened == [asked] and video.live and video.expected_frames is None
        assert next(video).time == 0.0


class Hesitant:
    """A container that has no packet at first, as avfoundation's have, and after the eighth."""

    def __init__(self, container):
        self._container, self._silences = container, 3

    def __getattr__(self, name):
        return getattr(self._container, name)

    def demux(self, stream):
        if self._silences:
            self._silences -= 1
            raise av.BlockingIOError(11, "Resource temporarily unavailable")
        for number, packet in enumerate(self._container.demux(stream)):
            if number == 8:
                self._silences = 10**9
                raise av.BlockingIOError(11, "Resource temporarily unavailable")
            yield packet


def test_a_camera_without_a_frame_is_asked_again_until_the_timeout(tmp_path, monkeypatch):
    container = Hesitant(av.open(write_video(tmp_path / "x.mkv", GREY)))
    monkeypatch.setattr(av, "open", lambda *_, **__: container)
    with open_video("/dev/video0", VideoSettings(timeout=0.2)) as video:
        assert [frame.index for frame in video] == list(range(8))
    assert video.problem == "broke at frame 8: no answer in 0.2 s"
