"""Titles and tags that are not UTF-8, as old programs write them, do not keep a video from being read."""

import pathlib

import av
import numpy as np
import pytest

from tests.data.video_files import images, moving_frames, write_video
from vpn_anomaly.data.video.open_video import VideoSettings, open_video

GREY, COLOUR = moving_frames(channels=1), moving_frames(channels=3)
TITLE = "a title that is written here"
LATIN_1 = "Größe überprüft, so heißt es".encode("latin-1")


@pytest.mark.parametrize(
    "name, codec, pixels",
    [
        ("x.mkv", "ffv1", "bgr0"),
        ("x.mp4", "mpeg4", "yuv420p"),
        ("x.avi", "mjpeg", "yuvj420p"),
        ("x.webm", "libvpx", "yuv420p"),
        ("x.ts", "mpeg2video", "yuv420p"),
    ],
)
def test_a_title_in_latin_1(tmp_path, name, codec, pixels):
    plain = write_video(tmp_path / name, COLOUR, codec, pixels)
    titled = tmp_path / f"titled_{name}"
    with av.open(plain) as source, av.open(str(titled), "w") as target:
        target.metadata["title"] = target.metadata["service_name"] = TITLE
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    content = titled.read_bytes()
    assert len(LATIN_1) == len(TITLE) and TITLE.encode() in content
    if not name.endswith(".ts"):  # whose tables have checksums, and which may name the encoding
        titled.write_bytes(content.replace(TITLE.encode(), LATIN_1))
    np.testing.assert_array_equal(images(str(titled)), images(plain))


def test_a_stream_by_http_too(tmp_path, monkeypatch):
    opened = {}
    real = av.open

    def noted(file, *arguments, **options):
        opened[pathlib.Path(str(file)).name] = options.get("metadata_errors")
        return real(film, *arguments, **{**options, "options": {}, "format": None})

    film = write_video(tmp_path / "film.mkv", GREY)
    monkeypatch.setattr(av, "open", noted)
    for source in ("http://host/film", "camera:0"):
        open_video(source, VideoSettings()).close()
    assert opened == {"film": "replace", "video0": "replace"}
