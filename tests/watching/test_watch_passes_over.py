"""One source of many that cannot be watched: named, passed over, counted, and in the report."""

import csv
import os

import numpy as np
import pytest
from PIL import Image

from tests.data.video import test_video_refused as refused
from tests.data.video_files import write_folder, write_video
from tests.report.html_reader import read_alone
from tests.watching.conftest import footage, without_progress
from vpn_anomaly.data.video import sources
from vpn_anomaly.main import main

FRAMES = 8


def of_another_size(path):
    write_video(path, footage(9)[:, :, :20])


def link_to_nowhere(path):
    path.symlink_to("nowhere.mkv")


def link_to_itself(path):
    path.symlink_to(path.name)


def numbers(path):
    np.save(path, np.zeros((9, 4), np.float32))


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


BAD = {
    "empty": ("b.mkv", refused.empty, "the file is empty"),
    "a text": ("b.mp4", refused.text, "not a video"),
    "noise": ("b.avi", noise, "not a video"),
    "sound": ("b.mp4", refused.sound, "no video in it, only audio"),
    "without frames": ("b.avi", refused.without_frames, "no frames in it"),
    "without an index": ("b.mp4", refused.without_index, "not a video, or one cut off before its index"),
    "of another size": ("b.mkv", of_another_size, "thresholds hold for one size only"),
    "a link to nowhere": ("b.mkv", link_to_nowhere, "cannot be opened (no such file"),
    "a link to itself": ("b.mkv", link_to_itself, "cannot be opened (too many"),
    "numbers": ("b.npy", numbers, "values of type float32"),
    "no array": ("b.npy", refused.text, "not a .npy"),
}


@pytest.mark.parametrize("where", ["", "/*"])
@pytest.mark.parametrize("kind", BAD)
def test_one_bad_source_of_three(flags, tmp_path, capsys, kind, where):
    name, make, why = BAD[kind]
    folder = tmp_path / "films"
    folder.mkdir()
    os.replace(make(folder / name) or folder / name, folder / name)  # the cut one lies beside the whole one
    for good in ("a.mkv", "c.mkv"):
        write_video(folder / good, footage(FRAMES))
    outputs = [f"--scores={tmp_path}/s.csv", f"--report={tmp_path}/r.html"]
    assert main([*flags, f"--input={folder}{where}", *outputs]) == 0
    out, err = capsys.readouterr()
    passed_over, counted = without_progress(err)
    assert passed_over.startswith(f"{folder / name}: ") and why in passed_over
    assert passed_over.endswith("; it is skipped") and passed_over.count(name) == 1
    assert counted == f"1 of 3 sources could not be watched: {folder / name}"
    assert out.splitlines()[-1].startswith(f"{2 * FRAMES} frames")
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text().splitlines()))
    assert [row["source"] for row in rows] == [
        str(folder / good) for good in ("a.mkv", "c.mkv") for _ in range(FRAMES)
    ]
    text = read_alone((tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert "1 of 3 sources could not be watched." in text and str(folder / name) in text and why in text


def test_a_source_that_vanishes_after_it_was_listed(flags, tmp_path, capsys, monkeypatch):
    for name in ("a.mkv", "b.mkv"):
        write_video(tmp_path / name, footage(FRAMES))

    list_sources = sources.sources

    def listed_and_gone(where):
        found = list_sources(where)
        (tmp_path / "b.mkv").unlink()
        return found

    monkeypatch.setattr(sources, "sources", listed_and_gone)
    assert main([*flags, f"--input={tmp_path}"]) == 0
    counted = without_progress(capsys.readouterr().err)[-1]
    assert counted == f"1 of 2 sources could not be watched: {tmp_path / 'b.mkv'}"


def test_what_may_not_be_read_is_passed_over(flags, tmp_path, capsys, monkeypatch):
    """By an operating system that refuses: those who run tests as root may read everything."""
    for name in ("1/a.mkv", "2/b.mkv", "3/c.mkv"):
        (tmp_path / name).parent.mkdir()
        write_video(tmp_path / name, footage(FRAMES))
    access, getsize, iterdir = os.access, os.path.getsize, sources.pathlib.Path.iterdir

    def refuse(real, *names):
        def asked(path, *rest):
            if str(path).endswith(names):
                raise PermissionError(13, "Permission denied")
            return real(path, *rest)

        return asked

    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("/2") and access(path, mode))
    monkeypatch.setattr(sources.pathlib.Path, "iterdir", refuse(iterdir, "/2"))
    monkeypatch.setattr(os.path, "getsize", refuse(getsize, "c.mkv"))
    assert main([*flags, f"--input={tmp_path}/*"]) == 0
    folder, file, count = without_progress(capsys.readouterr().err)
    assert folder.startswith(f"{tmp_path}/2: cannot be listed (Permission denied)")
    assert file.startswith(f"{tmp_path}/3/c.mkv: cannot be opened (permission denied)")
    assert count == f"2 of 3 sources could not be watched: {tmp_path}/2, {tmp_path}/3/c.mkv"


def test_where_nothing_can_be_watched_it_is_an_error(flags, tmp_path, capsys):
    for number in range(7):
        (tmp_path / f"{number}.mkv").write_bytes(b"")
    assert main([*flags, f"--input={tmp_path}", f"--report={tmp_path}/r.html"]) == 2
    *passed_over, error = without_progress(capsys.readouterr().err)
    assert len(passed_over) == 7
    assert error.startswith("error: 7 of 7 sources could not be watched:")
    assert "4.mkv and 2 more (the first: the file is empty" in error


def test_where_the_rest_is_too_short_it_is_an_error(flags, tmp_path, capsys):
    (tmp_path / "a.mkv").write_bytes(b"")
    write_video(tmp_path / "b.mkv", footage(2))
    assert main([*flags, f"--input={tmp_path}"]) == 2
    error = without_progress(capsys.readouterr().err)[-1]
    assert error.startswith("error: ") and "b.mkv: 2 frames, but the first 3" in error
    assert error.endswith(f"1 of 2 sources could not be watched: {tmp_path / 'a.mkv'}")


def test_a_single_source_stays_an_error(flags, tmp_path, capsys):
    (tmp_path / "a.mkv").write_bytes(b"")
    for where in (tmp_path, tmp_path / "a.mkv", tmp_path / "*.mkv"):
        assert main([*flags, f"--input={where}"]) == 2
        (line,) = without_progress(capsys.readouterr().err)
        assert line.startswith(f"error: {tmp_path / 'a.mkv'}: the file is empty")


def test_an_output_that_breaks_is_no_source_that_is_passed_over(flags, tmp_path, capsys):
    for name in ("a.mkv", "b.mkv"):
        write_video(tmp_path / name, footage(FRAMES))
    (tmp_path / "s.csv").symlink_to("/dev/full")
    assert main([*flags, f"--input={tmp_path}", f"--scores={tmp_path}/s.csv"]) == 2
    error = without_progress(capsys.readouterr().err)[-1]
    assert error.startswith("error: cannot write") and "skipped" not in error


def test_a_folder_with_a_link_to_nowhere_among_its_images(flags, tmp_path, capsys):
    write_folder(tmp_path / "x", footage(FRAMES))
    (tmp_path / "x/003.png").unlink()
    (tmp_path / "x/003.png").symlink_to("nowhere.png")
    Image.new("L", (4, 4)).save(tmp_path / "x" / ".hidden.png")
    assert main([*flags, f"--input={tmp_path}/x", f"--scores={tmp_path}/s.csv"]) == 0
    assert f"{tmp_path}/x: 1 of 8 images cannot be read (003.png)" in capsys.readouterr().err
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text().splitlines()))
    assert [int(row["frame"]) for row in rows] == [0, 1, 2, 4, 5, 6, 7]
