"""Times of frames against the milliseconds that the test gave them, over containers and codecs."""

import itertools
import pathlib
from fractions import Fraction

import numpy as np
import pytest

from tests.data.video_files import moving_frames, watched, write_video

COUNT = 40
FRAMES = moving_frames(COUNT, 32, 48)
NOISE = np.random.default_rng(0).integers(0, 256, FRAMES.shape, np.uint8)
LARGE = np.random.default_rng(0).integers(0, 256, (COUNT, 128, 128, 3), np.uint8)
CONSTANT = [40 * number for number in range(COUNT)]
# In fortieths, as AVI holds them, and with five even ones at the end: the stamps of the last frames
# that a decoder keeps back are not in an AVI.
VARIABLE = [40 * (number + 2 * (number // 5) + (number > 20)) for number in range(COUNT)]
# Container, codec and whether it is written with B-frames. WebM's codecs have none.
HELD = [
    *itertools.product(["avi", "mp4", "mov", "mkv", "ts", "flv"], ["libx264"], [False, True]),
    *itertools.product(["avi", "mp4", "mkv"], ["mpeg4"], [False, True]),
    *itertools.product(["ts", "mpg", "mkv"], ["mpeg2video"], [False, True]),
    ("webm", "libvpx", False),
    ("webm", "libvpx-vp9", False),
    ("avi", "mjpeg", False),
    ("mkv", "ffv1", False),
]
# A file of bare pictures has no stamps.
BARE = [
    ("h264", "libx264", False),
    ("h264", "libx264", True),
    ("m2v", "mpeg2video", False),
    ("m2v", "mpeg2video", True),
    ("mjpeg", "mjpeg", False),
]


def written(folder, container, codec, b_frames, stamps, frames=FRAMES, name="x", **more):
    """A file of these frames, whose B-frames are in threes."""
    if codec == "libx264":
        encoding = {"x264-params": f"bframes={3 * b_frames}:b-adapt=0:scenecut=0:keyint=12"}
    elif codec.startswith("mpeg"):
        encoding = {"bf": str(3 * b_frames), "sc_threshold": "1000000000", "g": "12", "b": "20M"}
    else:
        encoding = {}
    coarse = codec.startswith("mpeg") or container == "avi"  # theirs are of the frame rate
    return write_video(
        folder / f"{name}.{container}",
        frames[: len(stamps)],
        codec,
        {"mjpeg": "yuvj420p", "ffv1": "bgr0"}.get(codec, "yuv420p"),
        stamps=stamps,
        time_base=Fraction(1, 25) if coarse else Fraction(1, 1000),
        encoding=encoding,
        format="mpeg2video" if container == "m2v" else None,
        **more,
    )


def milliseconds(source, **settings):
    times = np.array([frame.time for frame in watched(source, **settings)[0]])
    assert (np.diff(times) > 0).all()
    return 1000 * times


def since_first(stamps):
    return np.array(stamps) - stamps[0]


@pytest.mark.parametrize("container, codec, b_frames", HELD)
@pytest.mark.parametrize("first", [0, 7000])
@pytest.mark.parametrize("stamps", [CONSTANT, VARIABLE], ids=["constant", "variable"])
def test_times_are_those_that_were_written(tmp_path, container, codec, b_frames, stamps, first):
    if container == "avi" and first:
        pytest.skip("an AVI begins at 0")
    frames = LARGE if container == "mpg" else FRAMES  # there small frames share a stamp
    source = written(tmp_path, container, codec, b_frames, [first + at for at in stamps], frames)
    np.testing.assert_allclose(milliseconds(source), since_first(stamps), atol=1)


@pytest.mark.parametrize("container, codec, b_frames", HELD + BARE)
def test_half_the_rate_is_every_other_frame(tmp_path, container, codec, b_frames):
    source = written(tmp_path, container, codec, b_frames, CONSTANT)
    given, _ = watched(source, rate=12.5)
    assert [frame.index for frame in given] == list(range(0, COUNT, 2))
    np.testing.assert_allclose([1000 * frame.time for frame in given], CONSTANT[::2], atol=1)


@pytest.mark.parametrize("container, codec, b_frames", BARE)
def test_without_stamps_times_are_by_the_rate(tmp_path, container, codec, b_frames):
    source = written(tmp_path, container, codec, b_frames, VARIABLE)
    np.testing.assert_allclose(milliseconds(source), CONSTANT, atol=1e-6)


@pytest.mark.parametrize(
    "container, codec", [("ts", "libx264"), ("ts", "mpeg2video"), ("mpg", "mpeg2video")]
)  # others cannot be joined so
@pytest.mark.parametrize("b_frames", [False, True])
@pytest.mark.parametrize("starts", [(9000, 0), (0, 0), (5000, 4000, 3000)])
def test_time_goes_on_where_joined_streams_begin_anew(tmp_path, container, codec, b_frames, starts):
    joined = tmp_path / f"joined.{container}"
    parts = [
        written(
            tmp_path, container, codec, b_frames, [start + at for at in CONSTANT], NOISE, name=f"{number}"
        )
        for number, start in enumerate(starts)
    ]
    joined.write_bytes(b"".join(pathlib.Path(part).read_bytes() for part in parts))
    np.testing.assert_allclose(milliseconds(str(joined)), 40 * np.arange(len(starts) * COUNT), atol=1)


@pytest.mark.parametrize("b_frames", [False, True])
def test_a_counter_of_33_bits_that_is_full(tmp_path, b_frames):
    full = round(2**33 / 90)
    source = written(
        tmp_path,
        "ts",
        "libx264",
        b_frames,
        [full - 800 + at for at in CONSTANT],
        options={"mpegts_copyts": "1"},
    )
    np.testing.assert_allclose(milliseconds(source), CONSTANT, atol=1)


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "ts", "flv"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_stamps_of_decoding_in_place_of_those_of_showing(tmp_path, container, codec):
    """As carelessly made files have them, and AVI by its nature."""
    if (container, codec) == ("flv", "mpeg4"):
        pytest.skip("FLV has no MPEG-4 part 2")
    first = []

    def decoding_only(number, packet):
        first.append(packet.dts)
        packet.pts = packet.dts = packet.dts - first[0]
        return packet

    source = written(tmp_path, container, codec, True, CONSTANT, change=decoding_only)
    np.testing.assert_allclose(milliseconds(source), CONSTANT, atol=1)


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("b_frames", [False, True])
@pytest.mark.parametrize(
    "wrong",
    [{20: 100_000}, {0: 3000}, {20: 500}, {39: 90_000}, {10: 5000, 30: 9000}, {20: 100_000, 21: 200_000}],
)
def test_a_single_wrong_stamp_moves_no_other(tmp_path, container, b_frames, wrong):
    """Later than it is; muxers take none that is earlier (see the timeline's own tests)."""
    if 0 in wrong and container in ("mp4", "mov"):
        pytest.skip("its edit list begins at the first frame's stamp, and drops all before it")

    def late(number, packet):
        by = wrong.get(round(25 * packet.pts * packet.time_base), 0)
        packet.pts += round(by / 1000 / packet.time_base)
        return packet

    source = written(tmp_path, container, "libx264", b_frames, CONSTANT, change=late)
    others = np.setdiff1d(np.arange(COUNT), list(wrong))
    times = milliseconds(source)
    np.testing.assert_allclose(np.diff(times[others]), np.diff(40 * others), atol=1)
