"""Names of sources against folders made by hand."""

import numpy as np
import pytest

from tests.data.video_files import images, moving_frames, watched, write_folder, write_video
from vpn_anomaly.data.video.image_folder import gaps
from vpn_anomaly.data.video.sources import natural_sort_key, sources
from vpn_anomaly.errors import UserError

GREY = moving_frames(channels=1)


def touched(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_natural_order():
    names = ["10", "9", "a10b2", "a2b10", "a2b9", "A3", "1.5", "01", "1"]
    expected = ["01", "1", "1.5", "9", "10", "a2b9", "a2b10", "A3", "a10b2"]
    assert sorted(names, key=natural_sort_key) == expected


def test_a_folder_of_videos_is_its_videos(tmp_path):
    touched(tmp_path, "10.avi", "9.avi", "B.MP4", "a.npy", "labels.txt", "._9.avi", ".DS_Store", "Thumbs.db")
    touched(tmp_path / "deeper", "1.avi")
    names = [str(tmp_path / name) for name in ("9.avi", "10.avi", "a.npy", "B.MP4")]
    assert sources(str(tmp_path)) == names


def test_a_folder_of_images_is_one_source(tmp_path):
    folder = tmp_path / "x"
    write_folder(folder, GREY, "{}.png")  # 0.png … 11.png: by letters 10 would come before 2
    touched(folder, "._0.png", ".DS_Store", "Thumbs.db", "labels.txt")
    assert sources(str(folder)) == [str(folder)]
    np.testing.assert_array_equal(images(str(folder)), GREY)
    assert watched(str(folder))[1].problem is None


def test_a_pattern_is_what_it_matches(tmp_path):
    touched(tmp_path / "normal", "10.mp4", "2.mp4", "notes.txt", "3.mkv")
    touched(tmp_path / "other [1]", "1.mp4")
    normal = tmp_path / "normal"
    assert sources(f"{normal}/*.mp4") == [f"{normal}/2.mp4", f"{normal}/10.mp4"]
    assert sources(f"{normal}/*") == [f"{normal}/{name}" for name in ("2.mp4", "3.mkv", "10.mp4")]
    assert sources(f"{normal}/*.txt") == [f"{normal}/notes.txt"]
    assert sources(f"{tmp_path}/**/1.mp4") == [f"{tmp_path}/other [1]/1.mp4"]
    assert sources(f"{tmp_path}/other [1]/1.mp4") == [f"{tmp_path}/other [1]/1.mp4"]
    assert sources(f"{tmp_path}/*") == [f"{normal}/{name}" for name in ("2.mp4", "3.mkv", "10.mp4")] + [
        f"{tmp_path}/other [1]/1.mp4"
    ]


def test_images_that_a_pattern_matches_are_one_source_a_folder(tmp_path):
    write_folder(tmp_path / "Train10", GREY[:3], "{}.png")
    write_folder(tmp_path / "Train2 [b]", GREY, "{}.png")
    touched(tmp_path / "Train2 [b]", "9.jpg")
    found = sources(f"{tmp_path}/Train*/1*.png")
    assert len(found) == 2
    np.testing.assert_array_equal(images(found[0]), GREY[[1, 10, 11]])
    np.testing.assert_array_equal(images(found[1]), GREY[[1]])
    folders = [f"{tmp_path}/Train2 [b]", f"{tmp_path}/Train10"]
    assert sources(f"{tmp_path}/Train*") == folders


@pytest.mark.parametrize("name", ["a b/é ü/Ж 100%.mkv", "rtsp:.mkv", "%03d.mkv", "-x.mkv"])
def test_any_name_will_do(tmp_path, monkeypatch, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    write_video(f"file:{tmp_path / name}", GREY)
    monkeypatch.chdir(tmp_path)
    assert sources(name) == [name]
    np.testing.assert_array_equal(images(name), GREY)
    folder = write_folder(tmp_path / "Bilder à 50%", GREY, "frame %03d {}.png")
    np.testing.assert_array_equal(images(folder), GREY)


def test_one_image_is_one_frame(tmp_path):
    write_folder(tmp_path / "x", GREY[:2])
    assert sources(str(tmp_path / "x" / "001.png")) == [str(tmp_path / "x" / "001.png")]
    np.testing.assert_array_equal(images(str(tmp_path / "x" / "001.png")), GREY[1:2])


@pytest.mark.parametrize(
    "where", ["rtsp://u:p@host/1", "http://h/a*b", "udp://@:5", "camera:0", "/dev/video7"]
)
def test_addresses_and_cameras_are_taken_as_they_are(where):
    assert sources(where) == [where]


@pytest.mark.parametrize(
    "where, line",
    [
        ("nothing.mp4", "nothing.mp4: no such file or folder; expected a video file, a pattern"),
        ("no*.mp4", "the pattern matches no image and no video"),
        ("empty", "no images and no videos in this folder; expected"),
        ("outer", r"no images and no videos in this folder \(2 folders are: try 'outer.\*'\)"),
        ("mixed", "2 images and 1 videos in one folder; give a pattern such as 'mixed"),
        ("ftp://user:secret@host/x", r"ftp://\*\*\*@host/x: ftp:// is not supported"),
    ],
)
def test_what_names_no_source(tmp_path, monkeypatch, where, line):
    monkeypatch.chdir(tmp_path)
    touched(tmp_path / "empty", "notes.txt", "._a.mp4")
    touched(tmp_path / "outer" / "a", "1.mp4")
    touched(tmp_path / "outer" / "b", "1.mp4")
    touched(tmp_path / "mixed", "1.mp4", "1.jpg", "2.jpg")
    with pytest.raises(UserError, match=line) as caught:
        sources(where)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "numbers, expected",
    [
        ([1, 2, 3, 7, 8, 10], ["4-6", "9"]),
        ([0, 5, 10, 20, 25], ["15"]),
        ([0, 5, 10, 15], []),
        ([1, 5, 41, 97, 120, 133], []),  # times, not a numbering
        ([3, 9], []),
        ([1, 1, 1, 1], []),
    ],
)
def test_gaps(numbers, expected):
    assert gaps([f"cam2_{number:04d}" for number in numbers]) == expected
    assert gaps([f"cam_{'abcdef'[number % 6]}" for number in numbers]) == []
