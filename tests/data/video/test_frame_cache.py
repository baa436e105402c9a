"""Decoded frames that are kept: the same frames, decoded once, up to a size in all."""

import os

import numpy as np
import pytest

from tests.data.video_files import moving_frames, watched, write_folder, write_video
from vpn_anomaly.data.video import frame_cache
from vpn_anomaly.data.video.frame_cache import FrameCache
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.data.video.resizer import Resizer
from vpn_anomaly.errors import UserError

FRAMES, COLOUR = moving_frames(channels=1), moving_frames(channels=3)


@pytest.fixture
def decoded(monkeypatch):
    """The names of the sources that were opened."""
    names, real = [], frame_cache.open_video

    def counted(source, settings):
        names.append(source)
        return real(source, settings)

    monkeypatch.setattr(frame_cache, "open_video", counted)
    return names


def kept(tmp_path, source, settings=VideoSettings(), gigabytes=1.0):
    return FrameCache(tmp_path / "cache", settings, gigabytes).frames(source)


def test_frames_are_those_of_the_video_and_decoded_once(tmp_path, decoded):
    source = write_video(tmp_path / "x.mkv", FRAMES)
    first = kept(tmp_path, source)
    np.testing.assert_array_equal(first, FRAMES)
    assert isinstance(first, np.memmap)
    np.testing.assert_array_equal(kept(tmp_path, source), FRAMES)
    assert decoded == [source]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_another_look_or_a_replaced_file_is_decoded_anew(tmp_path, decoded):
    source = write_video(tmp_path / "x.mkv", FRAMES)
    kept(tmp_path, source)
    assert kept(tmp_path, source, VideoSettings(height=24)).shape == (12, 24, 32, 1)
    write_video(tmp_path / "x.mkv", FRAMES[:5])
    os.utime(source, ns=(1, 1))
    np.testing.assert_array_equal(kept(tmp_path, source), FRAMES[:5])
    assert len(decoded) == 3


@pytest.mark.parametrize("kind", ["yuv420p", "rgb", "npy", "png"])
def test_the_picture_of_a_frame_gives_the_bytes_that_are_kept_at_another_size(tmp_path, kind):
    source, settings = tmp_path / f"x.{kind}", VideoSettings(height=19, width=20)
    if kind == "npy":
        np.save(source, COLOUR)
    elif kind == "png":
        write_folder(source, COLOUR)
    else:
        codec = ("mpeg4", kind) if kind == "yuv420p" else ("ffv1", None)
        write_video(source := source.with_suffix(".mkv"), COLOUR, *codec)
    frames, video = watched(str(source), height=40)
    resizer = Resizer(settings.work_size(*video.source_size), 1)
    expected = kept(tmp_path, str(source), settings)
    assert video.source_size == (48, 64) and expected.shape == (12, 15, 20, 1)
    np.testing.assert_array_equal([resizer.image(frame.picture) for frame in frames], expected)


def test_an_image_that_is_added_to_a_folder_counts(tmp_path):
    folder = write_folder(tmp_path / "images", FRAMES[:3])
    assert len(kept(tmp_path, folder)) == 3
    write_folder(tmp_path / "more", FRAMES[:4])
    (tmp_path / "more/003.png").rename(tmp_path / "images/003.png")
    assert len(kept(tmp_path, folder)) == 4


def test_a_limit_ends_the_decoding_and_leaves_nothing(tmp_path):
    source = write_video(tmp_path / "x.mkv", FRAMES)
    with pytest.raises(UserError, match="more than data.video.cache_gigabytes 2e-05.*video.rate"):
        kept(tmp_path, source, gigabytes=2e-5)
    assert not list((tmp_path / "cache").iterdir())


def test_the_limit_is_for_all_files_together(tmp_path):
    cache = FrameCache(tmp_path / "cache", VideoSettings(), 1.5 * FRAMES.nbytes / 10**9)
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.mkv", FRAMES)
    cache.frames(str(tmp_path / "a.mkv"))
    with pytest.raises(UserError, match="b.mkv"):
        cache.frames(str(tmp_path / "b.mkv"))


def test_what_broke_is_told(tmp_path):
    folder = write_folder(tmp_path / "images", FRAMES[:6])
    (tmp_path / "images/003.png").unlink()
    cache = FrameCache(tmp_path / "cache", VideoSettings(), 1.0)
    assert len(cache.frames(folder)) == 5
    (line,) = cache.problems
    assert line.startswith(folder) and "3" in line


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "cache").write_text("a file")
    source = write_video(tmp_path / "x.mkv", FRAMES)
    with pytest.raises(UserError, match="cannot write .*cache"):
        kept(tmp_path, source)
