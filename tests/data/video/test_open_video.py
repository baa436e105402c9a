"""Frames against those that made the file, block means by numpy and time stamps by hand."""

import pathlib
import struct

import av
import numpy as np
import pytest

from tests.data.video_files import images, moving_frames, watched, write_folder, write_video
from vpn_anomaly.data.video.open_video import Frame, VideoSettings, open_video
from vpn_anomaly.errors import UserError

GREY, COLOUR = moving_frames(channels=1), moving_frames(channels=3)


def block_means(frame_TxHxWxC, factor):
    count, height, width, channels = frame_TxHxWxC.shape
    split = (count, height // factor, factor, width // factor, factor, channels)
    return frame_TxHxWxC.reshape(split).mean(axis=(2, 4))


@pytest.mark.parametrize("frames", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("kind", ["mkv", "npy", "png", "bmp", "tif"])
def test_lossless_frames_come_back_from_every_kind(tmp_path, frames, kind):
    source = tmp_path / f"x.{kind}"
    if kind == "mkv":
        write_video(source, frames)
    elif kind == "npy":
        np.save(source, frames)
    else:
        write_folder(source, frames, "frame {:d}." + kind)
    channels = frames.shape[-1]
    given, video = watched(str(source), channels=channels)
    np.testing.assert_array_equal([frame.image for frame in given], frames)
    assert isinstance(given[0], Frame)
    assert [frame.index for frame in given] == list(range(12))
    np.testing.assert_allclose([frame.time for frame in given], np.arange(12) / 25, atol=1e-3)
    assert (video.name, video.live, video.rate) == (str(source), False, 25)
    assert (video.size, video.expected_frames, video.problem) == ((48, 64), 12, None)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("frames", [GREY, COLOUR], ids=["grey", "colour"])
def test_every_kind_gives_the_same_images_at_work_size(tmp_path, frames, channels):
    settings = {"height": 19, "width": 40, "channels": channels}  # 48 × 64: no whole ratio
    expected = images(write_video(tmp_path / "x.mkv", frames), **settings)
    assert expected.shape == (12, 19, 25, channels)
    np.save(tmp_path / "x.npy", frames)
    np.testing.assert_array_equal(images(str(tmp_path / "x.npy"), **settings), expected)
    for kind in ("png", "tif", "bmp"):
        folder = write_folder(tmp_path / kind, frames, "{}." + kind)
        np.testing.assert_array_equal(images(folder, **settings), expected)
    if frames is COLOUR:
        planar = write_video(tmp_path / "planar.avi", frames, "utvideo", "gbrp")
        np.testing.assert_array_equal(images(planar, **settings), expected)


def test_three_axes_in_a_npy_are_grey(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(GREY[..., 0]))
    np.testing.assert_array_equal(images(str(tmp_path / "x.npy")), GREY)


def test_grey_is_the_luma_of_bt601_and_grey_in_colour_stays_grey(tmp_path):
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    np.save(tmp_path / "x.npy", COLOUR)
    assert np.abs(images(str(tmp_path / "x.npy"))[..., 0] - luma).max() < 0.6
    np.save(tmp_path / "g.npy", GREY)
    in_colour = images(str(tmp_path / "g.npy"), channels=3)
    np.testing.assert_array_equal(in_colour, np.repeat(GREY, 3, axis=-1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [2, 4, 8, 48])
def test_work_size_is_the_mean_of_the_area(tmp_path, channels, factor):
    frames = moving_frames(2, 48, 144, channels)
    np.save(tmp_path / "x.npy", frames)
    given = images(str(tmp_path / "x.npy"), height=48 // factor, channels=channels)
    assert np.abs(given - block_means(frames, factor)).max() <= 1


@pytest.mark.parametrize(
    "settings, size",
    [
        ({}, (240, 360)),
        ({"height": 64}, (64, 96)),
        ({"width": 90}, (60, 90)),
        ({"height": 64, "width": 90}, (60, 90)),
        ({"height": 1000, "width": 1000}, (240, 360)),
        ({"width": 1}, (1, 1)),
    ],
)
def test_work_size_keeps_the_aspect_and_enlarges_nothing(settings, size):
    assert VideoSettings(**settings).work_size(240, 360) == size


def test_a_thin_picture_keeps_a_pixel(tmp_path):
    np.save(tmp_path / "x.npy", moving_frames(1, 2, 300, 1))
    assert images(str(tmp_path / "x.npy"), width=20).shape == (1, 1, 20, 1)


@pytest.mark.parametrize(
    "fields", [{"channels": 2}, {"height": -1}, {"rate": float("nan")}, {"timeout": 0}, {"frame_rate": 0}]
)
def test_settings_that_are_not_allowed_are_refused(fields):
    with pytest.raises(UserError, match=next(iter(fields))):
        VideoSettings(**fields)


@pytest.mark.parametrize(
    "rate, kept",
    [
        (0, range(12)),
        (25, range(12)),
        (50, range(12)),
        (12.5, range(0, 12, 2)),
        (5, [0, 5, 10]),
        (10, [0, 2, 5, 7, 10]),  # nearest to 0, 2.5, 5, 7.5, 10; of two as near the earlier
    ],
)
@pytest.mark.parametrize("kind", ["mkv", "npy"])
def test_rate_keeps_the_frames_nearest_in_time(tmp_path, kind, rate, kept):
    source = tmp_path / f"x.{kind}"
    if kind == "mkv":
        write_video(source, GREY)
    else:
        np.save(source, GREY)
    given, video = watched(str(source), rate=rate)
    assert [frame.index for frame in given] == list(kept)
    np.testing.assert_array_equal([frame.image for frame in given], GREY[list(kept)])
    assert video.expected_frames == 12 and video.rate == 25


def test_rounded_time_stamps_drop_nothing(tmp_path):
    """29.97 frames a second in milliseconds, as Matroska holds them: 0, 33, 67, 100, …"""
    stamps = [round(number * 1001 / 30) for number in range(60)]
    source = write_video(tmp_path / "x.mkv", moving_frames(60, 16, 16, 1), stamps=stamps, rate=30)
    given, _ = watched(source, rate=30)
    assert len(given) >= 59  # 60 moments of 1 / 30 s last longer than 59 of 1001 / 30000 s
    np.testing.assert_allclose(
        [frame.time for frame in watched(source)[0]], np.array(stamps) / 1000, atol=1e-9
    )


def test_variable_rate_drops_by_time_not_by_count(tmp_path):
    stamps = [0, 20, 40, 60, 500, 980, 1000, 1020, 1500, 3000, 3020, 3040]
    source = write_video(tmp_path / "x.mkv", GREY, stamps=stamps, rate=50)
    given, _ = watched(source, rate=2)  # moments 0, 500, 1000, …, each from half a frame before
    times = [round(1000 * frame.time) for frame in given]
    assert times == [0, 500, 1000, 1500, 3000]
    assert [frame.index for frame in given] == [0, 4, 6, 8, 9]


def test_frame_rate_is_that_of_sources_without_one(tmp_path):
    np.save(tmp_path / "x.npy", GREY)
    for source in (str(tmp_path / "x.npy"), write_folder(tmp_path / "x", GREY)):
        given, video = watched(source, frame_rate=4, rate=2)
        assert [frame[:2] for frame in given] == [(n, n / 4) for n in range(0, 12, 2)]
        assert video.rate == 4


def test_time_starts_at_the_first_frame_and_without_stamps_is_by_rate(tmp_path):
    shifted = write_video(tmp_path / "x.ts", COLOUR, "mpeg2video", "yuv420p")
    with av.open(shifted) as container:
        assert container.streams.video[0].start_time > 0
    raw = write_video(tmp_path / "x.h264", COLOUR, "libx264", "yuv420p", format="h264")
    for source in (shifted, raw):
        times = [frame.time for frame in watched(source)[0]]
        np.testing.assert_allclose(times, np.arange(12) / 25, atol=1e-3)


def test_time_goes_on_where_stamps_jump_back(tmp_path):
    late = write_video(tmp_path / "a.ts", COLOUR, "libx264", "yuv420p", stamps=range(9000, 9480, 40))
    early = write_video(tmp_path / "b.ts", COLOUR, "libx264", "yuv420p")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(pathlib.Path(path).read_bytes() for path in (late, early)))
    given, _ = watched(str(joined), rate=25)
    assert len(given) == 24
    np.testing.assert_allclose(np.diff([frame.time for frame in given]), 1 / 25, atol=2e-3)


@pytest.mark.parametrize("quarters, matrix", [(1, (0, -1, 1, 0)), (2, (-1, 0, 0, -1)), (3, (0, 1, -1, 0))])
def test_phone_videos_are_turned(tmp_path, quarters, matrix):
    """The matrix of the track's header says how the picture is shown; quarters are to the left."""
    source = tmp_path / "x.mp4"
    write_video(source, COLOUR, "mpeg4", "yuv420p")
    upright = images(str(source), channels=3)
    content = bytearray(source.read_bytes())
    place = content.index(b"tkhd") + 44
    one, (a, b, c, d) = 1 << 16, matrix
    content[place : place + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    source.write_bytes(content)
    expected = np.rot90(upright, quarters, axes=(1, 2))
    np.testing.assert_array_equal(images(str(source), channels=3), expected)
    video = open_video(str(source), VideoSettings(height=32))
    assert video.size == ((32, 24) if quarters % 2 else (32, 43))
    assert next(video).image.shape == (*video.size, 1)
    video.close()


def test_limited_range_is_expanded_and_full_range_is_not(tmp_path):
    """Video luma 16 to 235 is black to white, as in the same picture in RGB."""
    luma_HxW = np.full((72, 64), 128, np.uint8)
    luma_HxW[:16], luma_HxW[16:48] = 16, 235
    frame = av.VideoFrame.from_ndarray(luma_HxW, format="yuv420p")
    for color_range, black, white in ((1, 0, 255), (2, 16, 235)):
        with av.open(str(tmp_path / "x.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
            stream.codec_context.color_range = color_range
            frame.pts, frame.color_range = 0, color_range
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        image_HxW = images(str(tmp_path / "x.mkv"))[0, ..., 0]
        assert (image_HxW[:16] == black).all() and (image_HxW[16:] == white).all()


def test_an_image_may_be_written_to(tmp_path):
    """It is no view of the decoder's memory, which later frames are made from."""
    frames = COLOUR.copy()
    frames[:, 10:] = frames[0, 10:]  # of what stands still this codec stores nothing
    source = write_video(tmp_path / "x.mov", frames, "qtrle", "rgb24")
    with open_video(source, VideoSettings(channels=3)) as video:
        for frame, expected in zip(video, frames, strict=True):
            np.testing.assert_array_equal(frame.image, expected)
            frame.image[:] = 0
    np.save(tmp_path / "x.npy", GREY)
    with open_video(str(tmp_path / "x.npy"), VideoSettings()) as video:
        next(video).image[:] = 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), GREY)


def test_leaving_early_closes_the_file(tmp_path):
    with open_video(write_video(tmp_path / "x.mkv", GREY), VideoSettings()) as video:
        assert next(video).index == 0
    assert list(video) == [] and video.problem is None
    video.close()
