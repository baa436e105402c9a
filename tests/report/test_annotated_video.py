"""Annotated videos: read back by PyAV, cut off, on a full disk."""

import contextlib
import os
import resource

import av
import numpy as np
import pytest

from tests.data.video_files import cut, watched
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.annotated_video import FRAGMENT_SECONDS, AnnotatedVideo
from vpn_anomaly.report.overlay import Overlay
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.monitor import OpenEvent

TOO_LARGE = "cannot write .*: file too large; choose another place or make room"
BOTH = pytest.mark.parametrize("ending", [".mp4", ".mkv"])
RNG = np.random.default_rng(0)
GROUND = RNG.integers(0, 256, (36, 49, 3), dtype=np.uint8)
FRAMES = [np.roll(GROUND, shift, axis=1) for shift in range(40)]
MAP = np.linspace(0, 10, 36 * 49).reshape(36, 49)
# Irregular, with a gap, not from zero.
TIMES = 3 + np.cumsum(RNG.choice([0.04, 0.08, 0.1, 0.25, 1.5], 40, p=[0.3, 0.3, 0.2, 0.15, 0.05]))
NOTES = ["missing 0.25"], [OpenEvent("missing", Box(5, 5, 20, 25)), OpenEvent("motion", None)]


def add(annotated, count=40):
    for frame, time in zip(FRAMES[:count], TIMES):
        annotated.write(frame, time, MAP, 8.0, *NOTES)


def write(path, count=40):
    with AnnotatedVideo(path, 36, 49, rate=12.5) as annotated:
        add(annotated, count)
    return str(path)


@contextlib.contextmanager
def room_for(size):
    """No file grows beyond so many bytes: like a full disk, but in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A video of all frames by its ending."""
    folder = tmp_path_factory.mktemp("complete")
    return {ending: write(folder / f"50%d:{ending}") for ending in (".mp4", ".mkv")}


def read(path):
    """(times, pictures) of what can be read, and what was wrong."""
    frames, video = watched(str(path), channels=3)
    return np.array([f.time for f in frames]), [f.image for f in frames], video.problem


def assert_first_frames(times, images, at_least):
    """They are the first of those written."""
    assert len(times) == len(images) >= at_least
    np.testing.assert_allclose(times, TIMES[: len(times)] - TIMES[0], atol=0.0011)
    overlay = Overlay(36, 49)
    for number in {0, len(images) - 1}:
        lines = [f"{frame_time(TIMES[number])}  missing 0.25"]
        expected = overlay.picture(FRAMES[number], MAP, 8.0, lines, NOTES[1]).astype(float)
        # Half of the colour's resolution is lost; other frames are off by 55.
        assert np.abs(images[number].mean(-1) - expected.mean(-1)).mean() < 5


@BOTH
def test_what_is_read_is_what_was_written_at_its_time(complete, ending):
    times, images, problem = read(complete[ending])
    assert problem is None and len(times) == 40
    assert_first_frames(times, images, 40)
    with av.open(f"file:{complete[ending]}") as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.height, stream.width) == (360, 490)


def lost_by_a_kill(path):
    """(seconds lost, times, images) of what is on the disk while the file is written."""
    times, images, problem = read(cut(path, 1))
    assert problem is None
    return TIMES[-1] - TIMES[0] - times[-1], times, images


@BOTH
def test_a_killed_process_leaves_all_but_the_last_seconds(tmp_path, ending):
    with AnnotatedVideo(tmp_path / f"x{ending}", 36, 49, rate=12.5) as annotated:
        add(annotated)
        lost, times, images = lost_by_a_kill(annotated.path)
    assert lost < FRAGMENT_SECONDS + np.diff(TIMES).max()
    assert_first_frames(times, images, 20)


@BOTH
def test_of_a_still_scene_not_more_is_lost(tmp_path, ending):
    """Its seconds are smaller than any buffer."""
    with AnnotatedVideo(tmp_path / f"x{ending}", 1, 480, rate=12.5) as annotated:
        for time in TIMES:
            annotated.write(np.zeros((1, 480, 1), np.uint8), time, None, 0, [], [])
        lost, *_ = lost_by_a_kill(annotated.path)
    assert lost < FRAGMENT_SECONDS + np.diff(TIMES).max()


@BOTH
@pytest.mark.parametrize("part", [0.4, 0.7, 0.97])
def test_a_truncated_copy_is_read_as_far_as_it_goes(complete, ending, part):
    times, images, _ = read(cut(complete[ending], part, f"cut{part}{ending}"))
    assert len(times) < 40
    # The last frame may be cut within its picture.
    assert_first_frames(times[:-1], images[:-1], int(40 * part) - 10)


@BOTH
def test_an_exception_completes_the_file(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    with pytest.raises(KeyboardInterrupt), AnnotatedVideo(path, 36, 49, rate=12.5) as annotated:
        add(annotated, 7)
        raise KeyboardInterrupt
    times, images, problem = read(path)
    assert problem is None and len(times) == 7
    assert_first_frames(times, images, 7)
    annotated.close()  # once more
    with pytest.raises(ValueError, match="closed"):
        add(annotated, 1)


@BOTH
def test_a_disk_that_fills_up_leaves_what_was_written(tmp_path, complete, ending):
    path = tmp_path / f"x{ending}"
    room = os.path.getsize(complete[ending]) * 3 // 4
    with room_for(room), pytest.raises(UserError, match=TOO_LARGE):
        write(path)
    times, images, problem = read(path)
    assert len(times) < 40 and (ending == ".mkv" or problem is None)
    assert_first_frames(times, images, 15)


@BOTH
def test_a_disk_that_is_full_when_the_file_is_closed(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    with room_for(2000), pytest.raises(UserError, match=TOO_LARGE):
        write(path, 1)  # it fits as long as its only fragment is not written
    with room_for(2000), pytest.raises(KeyboardInterrupt):
        with AnnotatedVideo(path, 36, 49, rate=12.5) as annotated:
            add(annotated, 1)
            raise KeyboardInterrupt


@BOTH
def test_outputs_that_cannot_be_written(tmp_path, ending):
    (tmp_path / f"full{ending}").symlink_to("/dev/full")
    (tmp_path / f"folder{ending}").mkdir()
    for name, words in (
        ("full", "no space left on device"),
        ("folder", "is a directory"),
        ("none/x", "no such file or directory"),
    ):
        with pytest.raises(UserError, match=f"cannot write .*{name}.*: {words}; choose") as caught:
            write(tmp_path / f"{name}{ending}")
        assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_and_a_size_that_is_too_large(tmp_path):
    with pytest.raises(UserError, match=r"x\.avi: .* ends in \.mp4 or \.mkv"):
        AnnotatedVideo(tmp_path / "x.avi", 36, 49, rate=25)
    with pytest.raises(UserError, match="no H.264 of 480x48000 pixels .*; scale the frames"):
        AnnotatedVideo(tmp_path / "x.mp4", 1000, 10, rate=25)


def test_times_that_stand_still_go_on_by_a_millisecond(tmp_path):
    with AnnotatedVideo(tmp_path / "x.mkv", 36, 49, rate=0.0001) as annotated:
        for frame, time in zip(FRAMES, (5, 5, 5, 4, 5.1)):
            annotated.write(frame, time, None, 0, [], [])
    times, _, problem = read(tmp_path / "x.mkv")
    assert problem is None
    np.testing.assert_allclose(times, [0, 0.001, 0.002, 0.003, 0.1], atol=1e-4)
