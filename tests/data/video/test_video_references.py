"""Frames that refer to a key frame that was damaged or lost: none is silently wrong."""

import av
import numpy as np
import pytest

from tests.data.video_files import moving_frames, watched, write_video

COUNT, KEY_EVERY = 40, 12
FRAMES = moving_frames(COUNT) // 2 + 100  # of mean 164, so that black and grey ones stand out
HELD = [
    ("mkv", "libx264"),
    ("ts", "libx264"),
    ("mp4", "libx264"),
    ("avi", "mpeg4"),
    ("mkv", "mpeg4"),
    ("ts", "mpeg2video"),
]  # the decoders of VP8 and VP9 see no damage


def damaged(packet):
    """The packet, two thirds of it overwritten."""
    content = bytes(packet)
    kept = len(content) // 3
    new = av.Packet(content[:kept] + b"U" * (len(content) - kept))
    for name in ("pts", "dts", "time_base", "stream", "is_keyframe"):
        setattr(new, name, getattr(packet, name))
    return new


def written(path, codec, b_frames, change, key_every=KEY_EVERY):
    if codec == "libx264":
        encoding = {
            "x264-params": f"bframes={b_frames}:b-adapt=0:scenecut=0:keyint={key_every}"
            f":min-keyint={key_every}:threads=1"
        }  # two encodings are equal
    else:
        encoding = {"bf": str(b_frames), "sc_threshold": "1000000000", "g": str(key_every)}
    return write_video(path, FRAMES, codec, "yuv420p", encoding=encoding, change=change)


def key_changed(number, new):
    """Makes the key frame of this number what new says."""
    seen = []

    def change(_, packet):
        seen.append(packet.is_keyframe)
        return new(packet) if packet.is_keyframe and sum(seen) == number + 1 else packet

    return change


@pytest.mark.parametrize("container, codec", HELD)
@pytest.mark.parametrize("b_frames", [0, 2])
def test_frames_before_the_first_whole_key_frame_are_passed_over(tmp_path, container, codec, b_frames):
    path = tmp_path / f"x.{container}"
    expected, video = watched(written(path, codec, b_frames, lambda _, packet: packet))
    assert len(expected) == COUNT and video.problem is None
    given, video = watched(written(path, codec, b_frames, key_changed(0, damaged)))
    assert [frame.index for frame in given] == list(range(KEY_EVERY, COUNT))
    for frame in given:
        np.testing.assert_array_equal(frame.image, expected[frame.index].image)
    assert video.problem == (
        "12 frames decoded with errors in the picture, 12 of them skipped: before the first intact key frame"
    )


@pytest.mark.parametrize("container, codec", HELD)
@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_first_key_frame_that_is_lost_is_told(tmp_path, container, codec, b_frames):
    source = written(tmp_path / f"x.{container}", codec, b_frames, key_changed(0, lambda packet: None))
    given, video = watched(source)
    assert len(given) == COUNT - KEY_EVERY
    assert all(abs(frame.image.mean() - 164) < 5 for frame in given)
    first = given[0].index
    assert KEY_EVERY - 3 <= first <= KEY_EVERY
    assert f"{first} frames decoded with errors in the picture, {first} of them skipped" in video.problem


@pytest.mark.parametrize("container, codec", HELD)
@pytest.mark.parametrize("b_frames", [0, 2])
def test_frames_after_a_damaged_key_frame_count_until_the_next(tmp_path, container, codec, b_frames):
    source = written(tmp_path / f"x.{container}", codec, b_frames, key_changed(1, damaged))
    given, video = watched(source)
    assert [frame.index for frame in given] == list(range(COUNT))
    assert video.problem == f"{KEY_EVERY} frames decoded with errors in the picture"


@pytest.mark.parametrize("container, codec", [("mkv", "libx264"), ("mkv", "mpeg4"), ("ts", "mpeg2video")])
def test_where_no_whole_key_frame_comes_all_are_given_and_counted(tmp_path, container, codec):
    source = written(tmp_path / f"x.{container}", codec, 0, key_changed(0, damaged), key_every=1000)
    given, video = watched(source)
    assert [frame.index for frame in given] == list(range(COUNT))
    assert video.problem == f"{COUNT} frames decoded with errors in the picture"


def test_a_stream_without_key_frames_is_readable(tmp_path):
    """A picture that is renewed in stripes; the recording begins in between."""
    source = write_video(
        tmp_path / "x.ts",
        FRAMES,
        "libx264",
        "yuv420p",
        encoding={"x264-params": "intra-refresh=1:keyint=10:bframes=0"},
        change=lambda number, packet: packet if number > 3 else None,
    )
    given, video = watched(source)
    assert len(given) >= 15 and all(abs(frame.image.mean() - 164) < 5 for frame in given)
    assert "skipped: before the first intact key frame" in video.problem
