"""Sources that hold no video: one line of error each when they are opened."""

import io
import pathlib

import av
import numpy as np
import pytest

from tests.data.video_files import cut, moving_frames, write_folder, write_image, write_video
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

GREY, COLOUR = moving_frames(channels=1), moving_frames(100)
FASTSTART = {"movflags": "faststart"}


def no_source(path):
    return str(path)


def empty(path):
    path.write_bytes(b"")
    return str(path)


def text(path):
    path.write_text("no video\n" * 200)
    return str(path)


def without_index(path):
    return cut(write_video(path, COLOUR, "mpeg4", "yuv420p"), 0.5)  # an mp4's index is at its end


def without_frames(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        container.start_encoding()
    return str(path)


def without_data(path):
    content = pathlib.Path(write_video(path, COLOUR, "mpeg4", "yuv420p", options=FASTSTART))
    return cut(path, (content.read_bytes().index(b"mdat") + 4) / path.stat().st_size)


def sound(path, picture=False):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac" if picture else "aac", rate=8000)
        layout, kind = "mono", "s16" if picture else "fltp"
        samples = np.zeros((1, 4096), np.int16 if picture else np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format=kind, layout=layout)
        frame.rate = 8000
        packets = stream.encode(frame) + stream.encode(None)
        container.mux(packets)
    return str(path)


def sound_with_cover(path):
    """A flac file whose first metadata block after the stream's is a picture."""
    image = path.with_suffix(".png")
    write_image(image, COLOUR[0])
    data = image.read_bytes()
    fields = [
        (3).to_bytes(4, "big"),
        (9).to_bytes(4, "big"),
        b"image/png",
        bytes(4),
        (64).to_bytes(4, "big"),
        (48).to_bytes(4, "big"),
        (24).to_bytes(4, "big"),
        bytes(4),
        len(data).to_bytes(4, "big"),
        data,
    ]
    block = b"".join(fields)
    flac = pathlib.Path(sound(path, picture=True)).read_bytes()
    end = 4 + 4 + 34  # fLaC, then the header and the body of STREAMINFO
    path.write_bytes(flac[:end] + b"\x06" + len(block).to_bytes(3, "big") + block + flac[end:])
    return str(path)


def folder_of_damaged_images(path):
    folder = path.with_suffix("")
    write_folder(folder, GREY[:2])
    for image in folder.iterdir():
        image.write_bytes(image.read_bytes()[:100])
    return str(folder)


def folder_of_videos(path):
    path.parent.joinpath("x.mp4").write_bytes(b"x")
    return str(path.parent)


@pytest.mark.parametrize(
    "name, made, line",
    [
        ("x.mp4", no_source, r"cannot be opened \(no such file or directory\); give a video"),
        ("x.mp4", empty, "the file is empty"),
        ("x.avi", text, "not a video, or one cut off before its index"),
        ("x.txt", text, "no video in it, only text"),
        ("x.mp4", without_index, "not a video, or one cut off before its index"),
        ("x.avi", without_frames, r"no frames in it \(it is empty\)"),
        ("x.mp4", without_data, r"no frames in it \(truncated or damaged: .* of 100"),
        ("x.m4a", sound, "no video in it, only audio"),
        ("x.flac", sound_with_cover, "no video in it, only audio"),
        ("x.png", folder_of_damaged_images, r"no frames in it \(2 of 2 images cannot be read"),
        ("x.png", text, r"no frames in it \(1 of 1 images cannot be read"),
        ("x.mp4", folder_of_videos, "no images in it"),
        ("x.npy", no_source, r"cannot be opened \(No such file"),
        ("x.npy", empty, "the file is empty; expected a .npy"),
        ("x.npy", text, "not a .npy, truncated or damaged"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, name, made, line):
    source = made(tmp_path / name)
    with pytest.raises(UserError, match=line) as caught:
        open_video(source, VideoSettings())
    assert str(caught.value).startswith(f"{source}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "array, line",
    [
        (GREY.astype(np.float32), "values of type float32"),
        (GREY[0, ..., 0], r"an array of shape \(48, 64\)"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"an array of shape \(2, 8, 8, 4\)"),
        (GREY[:0], "no frames in it"),
        (np.array([{}]), "not a .npy, truncated or damaged"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, line):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(UserError, match=line):
        open_video(str(tmp_path / "x.npy"), VideoSettings())


def test_a_truncated_npy_and_a_npz_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", GREY)
    stored = io.BytesIO()
    np.savez(stored, GREY)
    (tmp_path / "z.npy").write_bytes(stored.getvalue())
    for source, line in (
        (cut(tmp_path / "x.npy", 0.5), "truncated or damaged"),
        (str(tmp_path / "z.npy"), "not one array"),
    ):
        with pytest.raises(UserError, match=line):
            open_video(source, VideoSettings())
