"""Sources that break on the way: what can be had is given, and a line says what was wrong."""

import pathlib
import re

import av
import numpy as np
import pytest
from PIL import Image

from tests.data.video_files import cut, moving_frames, watched, write_folder, write_image, write_video

GREY, COLOUR = moving_frames(channels=1), moving_frames(100)
FASTSTART = {"movflags": "faststart"}


@pytest.mark.parametrize(
    "name, codec, pixels, options",
    [
        ("x.mp4", "libx264", "yuv420p", FASTSTART),
        ("x.mp4", "mpeg4", "yuv420p", FASTSTART),
        ("x.avi", "mpeg4", "yuv420p", {}),
        ("x.avi", "mjpeg", "yuvj420p", {}),
        ("x.mkv", "ffv1", "bgr0", {}),
        ("x.webm", "libvpx", "yuv420p", {}),
    ],
)
def test_the_first_half_of_a_video_is_given(tmp_path, name, codec, pixels, options):
    whole = write_video(tmp_path / name, COLOUR, codec, pixels, options=options)
    expected, video = watched(whole)
    assert len(expected) == 100 and video.problem is None
    given, video = watched(cut(whole, 0.5))
    assert 10 < len(given) < 70 and video.expected_frames == 100
    for frame, other in zip(given[:-3], expected, strict=False):  # the last may be damaged
        assert frame.index == other.index and frame.time == other.time
        np.testing.assert_array_equal(frame.image, other.image)
    ends = given[-1].index + 1
    assert video.problem.startswith(
        (
            f"truncated or damaged: it ends at frame {ends} of 100",
            f"truncated or damaged: it ends at frame {ends + 1} of 100; 1 packet",
        )
    )
    assert "\n" not in video.problem


def test_repeated_frames_of_an_avi_are_not_taken_for_lost_ones(tmp_path):
    stamps = [40 * number for number in (0, 1, 2, 3, 6, 7, 8, 11)]
    source = tmp_path / "x.avi"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for stamp, frame_HxWxC in zip(stamps, COLOUR, strict=False):
            frame = av.VideoFrame.from_ndarray(frame_HxWxC).reformat(format="yuvj420p")
            frame.pts = stamp // 40
            container.mux(stream.encode(frame))
    given, video = watched(str(source))
    assert [round(1000 * frame.time) for frame in given] == stamps
    assert video.expected_frames == 12 and video.problem is None


def test_undecodable_frames_are_passed_over_and_counted(tmp_path):
    """Two pictures of a motion JPEG are overwritten; the others keep number, time and pixels."""
    source = tmp_path / "x.avi"
    write_video(source, COLOUR, "mjpeg", "yuvj420p")
    expected, _ = watched(str(source))
    content = bytearray(source.read_bytes())
    starts = [place for place in range(len(content)) if content.startswith(b"\xff\xd8\xff", place)]
    assert len(starts) == 100
    for number in (0, 40):
        end = starts[number + 1] - 8  # the next one's chunk has a header of 8 bytes
        content[starts[number] : end] = bytes(end - starts[number])
    source.write_bytes(content)
    given, video = watched(str(source))
    assert [frame.index for frame in given] == [n for n in range(100) if n not in (0, 40)]
    assert video.problem == "2 packets could not be decoded"
    for frame in given:
        np.testing.assert_array_equal(frame.image, expected[frame.index].image)
        assert frame.time == pytest.approx((frame.index - 1) / 25)


def test_damaged_frames_are_given_and_counted(tmp_path):
    """MPEG-4 hides its errors; the decoder's own mark is counted by PyAV directly.

    After a key frame with a mark, all are damaged until one without.
    """
    source = tmp_path / "x.avi"
    write_video(source, COLOUR, "mpeg4", "yuv420p")
    content = bytearray(source.read_bytes())
    chunks = [match.end() for match in re.finditer(b"00dc", content)][:100]
    for start, end in zip(chunks[10::9], chunks[11::9], strict=False):
        content[(start + end) // 2 : end - 8] = bytes(end - 8 - (start + end) // 2)
    source.write_bytes(content)
    with av.open(str(source)) as container:
        decoded = [(frame.is_corrupt, frame.key_frame) for frame in container.decode(video=0)]
    marks, count, after_key = [mark for mark, _ in decoded], 0, False
    for mark, is_key in decoded:
        after_key = mark if is_key else after_key
        count += mark or after_key
    assert 1 < sum(marks) < count < len(marks)
    given, video = watched(str(source))
    assert len(given) == len(marks)
    assert f"{count} frames decoded with errors in the picture" in video.problem


def test_frames_of_another_size_are_resized_and_named(tmp_path):
    small = np.ascontiguousarray(COLOUR[:5, :24, :48])
    paths = [
        write_video(tmp_path / f"{number}.ts", frames, "libx264", "yuv420p")
        for number, frames in enumerate([COLOUR[:6], small])
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(pathlib.Path(path).read_bytes() for path in paths))
    given, video = watched(str(joined), height=24)
    assert video.problem == "frame size changes from 64x48 to 48x24 at frame 6"
    assert {frame.image.shape for frame in given} == {(24, 32, 1)} and len(given) == 11


def test_an_image_folder_with_everything_wrong(tmp_path):
    folder = tmp_path / "x"
    write_folder(folder, GREY[:6], "im_{:04d}.png", first=1)
    write_image(folder / "im_0007.jpg", GREY[0][:24])
    write_image(folder / "im_0011.png", GREY[7])
    (folder / "im_0003.png").write_bytes(b"damaged")
    given, video = watched(str(folder))
    assert [frame.index for frame in given] == [0, 1, 3, 4, 5, 6, 7]
    assert [frame.time for frame in given] == [n / 25 for n in (0, 1, 3, 4, 5, 6, 7)]
    assert {frame.image.shape for frame in given} == {(48, 64, 1)}
    np.testing.assert_array_equal(given[-1].image, GREY[7])
    assert video.expected_frames == 8
    assert video.problem == (
        "1 of 8 images cannot be read (im_0003.png); images are missing by their numbers (8-10);"
        " frame size changes from 64x48 to 64x24 at frame 6 and 1 times more"
    )


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "ending, options",
    [
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw", "tiffinfo": {278: 8}}),  # in strips of 8 rows
        ("tif", {"compression": "tiff_adobe_deflate"}),
        ("png", {}),
        ("bmp", {}),
        ("jpg", {}),
        ("jpg", {"progressive": True, "quality": 95}),
    ],
)
def test_an_image_that_is_cut_off_is_passed_over(tmp_path, ending, options, part):
    """None comes with a part that is black or grey, as FFmpeg gives a JPEG by itself."""
    for number, frame_HxWxC in enumerate(COLOUR[:3], 1):
        Image.fromarray(frame_HxWxC).save(tmp_path / f"{number}.{ending}", **options)
    assert [frame.index for frame in watched(str(tmp_path))[0]] == [0, 1, 2]
    pathlib.Path(cut(tmp_path / f"2.{ending}", part)).replace(tmp_path / f"2.{ending}")
    given, video = watched(str(tmp_path))
    assert [frame.index for frame in given] == [0, 2]
    assert video.problem == f"1 of 3 images cannot be read (2.{ending})"
