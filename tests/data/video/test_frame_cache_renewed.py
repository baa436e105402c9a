"""What is kept is what the files hold now, by whatever name they are given and are called."""

import glob
import os
import shutil

import numpy as np
import pytest

from tests.data.video_files import moving_frames, write_folder, write_video
from vpn_anomaly.data.video import frame_cache
from vpn_anomaly.data.video.frame_cache import FrameCache
from vpn_anomaly.data.video.open_video import VideoSettings

FRAMES = moving_frames(channels=1)
OLD, NEW = FRAMES[:5], FRAMES[6:10]
LONGEST = 255  # bytes of a name


def kept(tmp_path, source):
    return np.array(FrameCache(tmp_path / "cache", VideoSettings(), 1.0).frames(str(source)))


@pytest.fixture
def opened(monkeypatch):
    """The names of the sources that were decoded."""
    names, real = [], frame_cache.open_video
    monkeypatch.setattr(frame_cache, "open_video", lambda *source: names.append(source[0]) or real(*source))
    return names


def replaced(folder):
    for number, path in enumerate(sorted(folder.iterdir())):
        path.unlink()
        os.link(folder.parent / f"new/{number}.png", path) if number < 4 else None
    return NEW


def added(folder):
    shutil.copy(folder.parent / "new/0.png", folder / "9.png")
    return np.concatenate([OLD, NEW[:1]])


def removed(folder):
    (folder / "2.png").unlink()
    return np.delete(OLD, 2, axis=0)


def renamed(folder):
    (folder / "2.png").rename(folder / "7.png")
    return OLD[[0, 1, 3, 4, 2]]


def exchanged(folder):
    """Of one size in bytes: only the time tells."""
    content = (folder / "0.png").read_bytes()
    (folder / "1.png").write_bytes(content)
    os.utime(folder / "1.png", ns=(1, 1))
    return OLD[[0, 0, 2, 3, 4]]


@pytest.mark.parametrize("change", [replaced, added, removed, renamed, exchanged])
@pytest.mark.parametrize(
    "where", ["now/*.png", "now/?.png", "now", "n*/*.png", "link", "link/*.png", "./now/"]
)
def test_a_change_of_the_files_renews_what_is_kept(tmp_path, monkeypatch, opened, where, change):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "now", OLD, "{}.png")
    write_folder(tmp_path / "new", NEW, "{}.png")
    if where.startswith("n*"):
        (tmp_path / "new").rename(tmp_path / "other")
        (tmp_path / "other").rename(tmp_path.parent / f"{tmp_path.name}-new")
        (tmp_path / "new").symlink_to(tmp_path.parent / f"{tmp_path.name}-new")
        where = "now*/*.png"
    (tmp_path / "link").symlink_to(tmp_path / "now")
    np.testing.assert_array_equal(kept(tmp_path, where), OLD)
    np.testing.assert_array_equal(kept(tmp_path, where), OLD)
    assert len(opened) == 1
    expected = change(tmp_path / "now")
    np.testing.assert_array_equal(kept(tmp_path, where), expected)
    assert len(opened) == 2


def test_one_file_by_a_link_is_renewed_and_other_files_beside_count_nothing(tmp_path, opened):
    write_video(tmp_path / "a.mkv", OLD)
    (tmp_path / "link.mkv").symlink_to("a.mkv")
    np.testing.assert_array_equal(kept(tmp_path, tmp_path / "link.mkv"), OLD)
    write_video(tmp_path / "b.mkv", NEW)
    (tmp_path / "notes.txt").write_text("of the day")
    np.testing.assert_array_equal(kept(tmp_path, tmp_path / "link.mkv"), OLD)
    assert len(opened) == 1
    os.replace(tmp_path / "b.mkv", tmp_path / "a.mkv")
    np.testing.assert_array_equal(kept(tmp_path, tmp_path / "link.mkv"), NEW)


def test_a_label_beside_images_does_not_renew_them(tmp_path, opened):
    folder = write_folder(tmp_path / "now", OLD)
    for content in ("1", "2"):
        (tmp_path / "now/labels.txt").write_text(content)
        kept(tmp_path, folder)
    assert len(opened) == 1


@pytest.mark.parametrize(
    "name",
    [
        "x" * (LONGEST - 4),
        "Ж" * ((LONGEST - 4) // 2),
        "影" * ((LONGEST - 4) // 3),
        "🎥" * ((LONGEST - 4) // 4),
        "a b\n%20..",
        "-",
        "[0-9]*" * 30,
        "=1+1",
        "~",
    ],
)
@pytest.mark.parametrize("kind", ["file", "folder", "pattern"])
def test_any_name_can_be_kept(tmp_path, name, kind):
    if kind == "file":
        write_video(f"file:{tmp_path / (name + '.mkv')}", OLD)
        source = tmp_path / (name + ".mkv")
    else:
        source = write_folder(tmp_path / name, OLD)
        if kind == "pattern":
            source = glob.escape(source) + "/*.png"
    np.testing.assert_array_equal(kept(tmp_path, source), OLD)
    (file,) = (tmp_path / "cache").iterdir()
    assert len(os.fsencode(file.name)) + 30 < LONGEST  # beside it goes one with a longer name


def test_files_of_one_name_are_kept_apart(tmp_path):
    for folder, frames in (("a", OLD), ("b", NEW)):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / "x.mkv", frames)
    for folder, frames in (("a", OLD), ("b", NEW), ("a", OLD)):
        np.testing.assert_array_equal(kept(tmp_path, tmp_path / folder / "x.mkv"), frames)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: path.write_text("not an array"),
        lambda path: np.save(path, OLD[:3]),
        lambda path: np.save(path, OLD[:, ::2]),
        lambda path: np.save(path, OLD[..., 0]),
        lambda path: np.save(path, OLD.astype(np.int32)),
        lambda path: np.save(path, np.array([{}], object)),
    ],
    ids=[
        "empty",
        "a byte short",
        "half a header",
        "zeros",
        "too long",
        "a text",
        "fewer frames",
        "smaller ones",
        "an axis less",
        "other numbers",
        "objects",
    ],
)
def test_what_is_damaged_is_made_again(tmp_path, opened, damage):
    source = write_video(tmp_path / "x.mkv", OLD)
    kept(tmp_path, source)
    (path,) = (tmp_path / "cache").iterdir()
    damage(path)
    np.testing.assert_array_equal(kept(tmp_path, source), OLD)
    assert list((tmp_path / "cache").iterdir()) == [path] and len(opened) == 2


def test_secrets_of_an_address_are_in_no_name(tmp_path, monkeypatch):
    film = write_video(tmp_path / "x.mkv", OLD)
    real = frame_cache.open_video
    monkeypatch.setattr(frame_cache, "open_video", lambda source, settings: real(film, settings))
    for address in (
        "http://u:secret@host/v.mp4",
        "http://host/v.cgi?user=a&pwd=secret",
        "http://secret@h/",
        "http://host/user=a&password=secret",
        "HTTP://h/x#secret",
    ):
        np.testing.assert_array_equal(kept(tmp_path, address), OLD)
    names = [path.name for path in (tmp_path / "cache").iterdir()]
    assert len(names) == 5 and not any("secret" in name for name in names)


def test_what_an_older_version_kept_is_not_touched(tmp_path):
    source = write_video(tmp_path / "x.mkv", OLD)
    (tmp_path / "cache").mkdir()
    np.save(tmp_path / "cache/x-0123456789abcdef.npy", NEW)
    np.testing.assert_array_equal(kept(tmp_path, source), OLD)
    assert (tmp_path / "cache/x-0123456789abcdef.npy").exists()
