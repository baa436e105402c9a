"""Two writers of one file: in the end it is whole, and nothing is left beside it."""

import os
import pathlib
import time

import av
import numpy as np
import pytest

from tests.data.video_files import write_video
from vpn_anomaly.data.video import frame_cache
from vpn_anomaly.data.video.frame_cache import FrameCache
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files, partial_files
from vpn_anomaly.files.line_file import LineFile
from vpn_anomaly.report.annotated_video import AnnotatedVideo
from vpn_anomaly.storage import calibration_file, workdir


def test_a_file_that_is_written_while_it_is_written(tmp_path):
    path = tmp_path / "scores.csv"

    def first(file):
        file.write(b"first ")
        output_files.write_atomically(path, lambda file: file.write(b"second"))
        assert path.read_bytes() == b"second"
        file.write(b"first")

    output_files.write_atomically(path, first)
    assert path.read_bytes() == b"first first"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_one_of_two_writers_fails(tmp_path):
    path = tmp_path / "scores.csv"

    def first(file):
        output_files.write_atomically(path, lambda file: file.write(b"second"))
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="no space left"):
        output_files.write_atomically(path, first)
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_two_calibrations_of_one_run(tmp_path, monkeypatch):
    """A training that ends, and a scoring beside it."""
    savez, made_with = np.savez, {"step": 4}

    def savez_twice(file, **arrays):
        monkeypatch.setattr(np, "savez", savez)
        calibration_file.save(tmp_path, {"step": 2}, {"any": np.zeros(2)})
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", savez_twice)
    calibration_file.save(tmp_path, made_with, {"any": np.ones(3)})
    np.testing.assert_array_equal(calibration_file.load(tmp_path, made_with)["any"], np.ones(3))
    assert os.listdir(tmp_path) == ["calibration.npz"]


def test_two_caches_of_one_film(tmp_path, monkeypatch):
    film = write_video(tmp_path / "film.mkv", np.zeros((6, 16, 16, 1), np.uint8))
    caches = [FrameCache(tmp_path / "cache", VideoSettings(channels=1), 1.0) for _ in range(2)]
    open_video = frame_cache.open_video

    def open_and_decode_beside(source, settings):
        monkeypatch.setattr(frame_cache, "open_video", open_video)
        assert len(caches[1].frames(source)) == 6
        return open_video(source, settings)

    monkeypatch.setattr(frame_cache, "open_video", open_and_decode_beside)
    assert len(caches[0].frames(str(film))) == 6
    (path,) = (tmp_path / "cache").iterdir()
    assert path.suffix == ".npy"


def test_two_watchings_write_one_log(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("of an earlier watching, and longer than both\n" * 9)
    first = LineFile(path)
    first.write("a first line\n")
    assert path.read_text() == "a first line\n"  # as soon as it is written
    second = LineFile(path)
    second.write("second\n")
    first.write("another first line\n")
    first.close()
    second.write("second\n")
    second.close()
    assert path.read_text() == "second\nsecond\n"
    assert os.listdir(tmp_path) == ["scores.csv"]


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_two_watchings_write_one_video(tmp_path, ending):
    path, grey = tmp_path / f"seen{ending}", np.full((32, 32, 1), 90, np.uint8)
    videos = [AnnotatedVideo(path, 32, 32, 25) for _ in range(2)]
    for count, video in zip((7, 4), videos):
        for number in range(count):
            video.write(grey, number / 25, None, 1.0, [], [])
    for video in videos:
        video.close()
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4
    assert os.listdir(tmp_path) == [path.name]


def test_a_log_through_a_symbolic_link_and_into_a_pipe(tmp_path):
    (tmp_path / "link.csv").symlink_to("real.csv")
    for before in (None, "before\n"):
        if before:
            (tmp_path / "real.csv").write_text(before)
        log = LineFile(tmp_path / "link.csv")
        log.write("now\n")
        log.close()
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "real.csv").read_text() == "now\n"
    LineFile(tmp_path / "link.csv").close()
    null = LineFile(tmp_path.joinpath("/dev/null"))
    null.write("nowhere\n")
    null.close()
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "real.csv"]


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o000])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        workdir.write_json(tmp_path / "a.json", {})
        LineFile(tmp_path / "a.csv").close()
        (tmp_path / "plain").touch()
    finally:
        os.umask(before)
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert modes == {(tmp_path / "plain").stat().st_mode}


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "ü" * 125 + ".csv", "\udcff" * 200 + ".csv"])
def test_any_name_that_a_file_can_have(tmp_path, name):
    output_files.write_atomically(tmp_path / name, lambda file: file.write(b"1"))
    LineFile(tmp_path / name).close()
    assert os.listdir(tmp_path) == [name]


def test_what_killed_programs_left_goes_after_a_day(tmp_path):
    names = [partial_files.partial_path(tmp_path / "a.npy").name for _ in range(2)]
    names.append(pathlib.Path(output_files.AtomicFile(tmp_path / "a.csv").file.name).name)
    of_others = ["a.npy", ".a.npy", "a.partial", ".film.partial", ".0123456.partial"]
    long_ago = time.time() - 2 * partial_files.ABANDONED_AFTER
    for name in (*names, *of_others):
        (tmp_path / name).touch()
        if name != names[0]:
            os.utime(tmp_path / name, (long_ago, long_ago))
    partial_files.remove_abandoned(tmp_path)
    assert set(os.listdir(tmp_path)) == {names[0], *of_others}
    partial_files.remove_abandoned(tmp_path / "nowhere")
