"""The conveyor in UCSD's layout, read back by the data set's reader, against the conveyor itself."""

import json

import numpy as np
import pytest

from experiments.synthetic import conveyor, ucsd_files
from experiments.synthetic.conveyor_world.schedule import BELT_KINDS, KINDS
from experiments.synthetic.conveyor_world.world import Conveyor
from tests.data.video_files import images
from vpn_anomaly.data.labelled import ucsd
from vpn_anomaly.errors import UserError

SIZE = {"height": 32, "width": 50, "rate": 5}
ARGUMENTS = [
    "--layout=ucsd",
    "--minutes=0.12",
    "--test_minutes=2",
    "--defects=6",
    "--seed=4",
    *(f"--{name}={value}" for name, value in SIZE.items()),
]
TRAIN_FRAMES, TEST_FRAMES, CLIPS = 36, 600, 7


@pytest.fixture(scope="module")
def world():
    return Conveyor(4, "test", minutes=2, defects=6, **SIZE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "new"
    assert conveyor.main([f"--output={folder}", f"--clips={CLIPS}", *ARGUMENTS]) == 0
    return folder


def test_the_clips_are_the_films(made, world):
    sources = ucsd.training_sources(made)
    assert [source.removeprefix(f"{made}/Train/") for source in sources] == [
        f"Train{number:03d}" for number in range(1, CLIPS + 1)
    ]
    normal = Conveyor(4, minutes=0.12, **SIZE)
    clips = ucsd.test_clips(made)
    assert [clip.name for clip in clips] == [f"Test{number:03d}" for number in range(1, CLIPS + 1)]
    for film, total, found in (
        (normal, TRAIN_FRAMES, sources),
        (world, TEST_FRAMES, [clip.source for clip in clips]),
    ):
        assert film.frames == total
        frame_NxHxW = np.concatenate([images(source)[..., 0] for source in found])
        assert len(frame_NxHxW) == total // CLIPS * CLIPS < total
        for index, frame_HxW in enumerate(frame_NxHxW):
            np.testing.assert_array_equal(frame_HxW, film.frame(index))


def test_labels_and_masks_are_the_defects(made, world):
    assert {defect.kind for defect in world.defects} == set(KINDS)
    clips = ucsd.test_clips(made)
    mask_NxHxW = np.concatenate([clip.read_masks() for clip in clips])
    label_N = np.concatenate([clip.label_T for clip in clips])
    expected_N = np.zeros(TEST_FRAMES, bool)
    for defect in world.defects:
        expected_N[defect.first : defect.end] = True
    np.testing.assert_array_equal(label_N, expected_N[: len(label_N)])
    np.testing.assert_array_equal(label_N, mask_NxHxW.any((1, 2)))
    for defect in world.defects:
        assert defect.end <= len(label_N)
        for index, (top, left, bottom, right) in enumerate(defect.boxes, defect.first):
            in_box_HxW = np.zeros((32, 50), bool)
            in_box_HxW[top:bottom, left:right] = True
            differs_HxW = world.frame(index) != world.normal_frame(index)
            assert not differs_HxW[~in_box_HxW].any()
            expected_HxW = in_box_HxW if defect.kind in BELT_KINDS else differs_HxW
            np.testing.assert_array_equal(mask_NxHxW[index], expected_HxW, str((defect.kind, index)))


def test_names_and_the_truth(made, world):
    assert {path.name for path in made.iterdir()} == {"Train", "Test", "truth.json"}
    names = {path.name for path in (made / "Test").iterdir()}
    assert names == {
        "conveyor.m",
        *(f"Test{number:03d}{ending}" for number in range(1, CLIPS + 1) for ending in ("", "_gt")),
    }
    for folder, ending, length in (
        ("Train/Train001", "tif", TRAIN_FRAMES // CLIPS),
        ("Test/Test007", "tif", TEST_FRAMES // CLIPS),
        ("Test/Test007_gt", "bmp", TEST_FRAMES // CLIPS),
    ):
        assert {path.name for path in (made / folder).iterdir()} == {
            f"{number:03d}.{ending}" for number in range(1, length + 1)
        }
    truth = json.loads((made / "truth.json").read_text())
    assert {name: truth[name] for name in ("layout", "clips", "frames", "seed", "rate")} == {
        "layout": "ucsd",
        "clips": CLIPS,
        "frames": TEST_FRAMES,
        "seed": 4,
        "rate": 5,
    }
    assert [(one["kind"], one["first"], one["end"]) for one in truth["defects"]] == [
        (one.kind, one.first, one.end) for one in world.defects
    ]


def test_what_was_made_is_told(tmp_path, capsys):
    small = [
        "--layout=ucsd",
        "--minutes=0.02",
        "--test_minutes=0.01",
        "--defects=0",
        "--height=32",
        "--width=32",
    ]
    assert conveyor.main([f"--output={tmp_path}/a", *small, "--clips=4"]) == 0
    told = capsys.readouterr()
    assert told.out == (
        f"{tmp_path}/a: Train/ 4 clips of 4 frames, Test/ 4 clips of 2 frames with 0"
        " defects, truth.json, 2 frames at the end of the film for Train/ left out, 1"
        " frames at the end of the film for Test/ left out\n"
    )
    assert "Test  frame 24/24  0:00 left" in told.err
    assert (tmp_path / "a/Test/conveyor.m").read_text() == "\n".join(
        ["TestVideoFile = {};", *["TestVideoFile{end+1}.gt_frame = [];"] * 4, ""]
    )
    assert conveyor.main([f"--output={tmp_path}/b", *small, "--clips=10"]) == 2
    assert capsys.readouterr().err == "error: clips=10: give 1 to 9\n"
    assert not (tmp_path / "b").exists()
    assert conveyor.main([f"--output={tmp_path}/b", *small, "--clips=2", "--layout=films"]) == 2
    assert "clips=2: films are not cut; leave it out or give --layout=ucsd" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Train", "Test", "truth.json"])
def test_worlds_are_not_mixed(tmp_path, capsys, name):
    (tmp_path / name).mkdir()
    assert conveyor.main([f"--output={tmp_path}", *ARGUMENTS]) == 2
    told = capsys.readouterr().err
    assert told == f"error: {tmp_path / name} is there already; give a new folder, or delete it\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def write_levels(folder, length, mask=lambda index: np.zeros((2, 3), bool)):
    film = [np.full((2, 3), index % 256, np.uint8) for index in range(length)]
    ucsd_files.write_ucsd(
        folder, "x", film, film, mask, clips=1, normal_length=length, test_length=length, truth={}
    )


def test_names_are_as_long_as_the_greatest_number_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(ucsd_files, "LEAST_DIGITS", 1)
    write_levels(tmp_path, 10)
    for folder, ending in (("Train/Train1", "tif"), ("Test/Test1", "tif"), ("Test/Test1_gt", "bmp")):
        assert {path.name for path in (tmp_path / folder).iterdir()} == {
            f"{number:02d}.{ending}" for number in range(1, 11)
        }


def test_labels_come_last(tmp_path):
    def mask(index):
        assert not list((tmp_path / "Test").glob("*.m")) and not (tmp_path / "truth.json").exists()
        if index == 3:
            raise RuntimeError("stopped")
        return np.zeros((2, 3), bool)

    with pytest.raises(RuntimeError):
        write_levels(tmp_path, 5, mask)
    assert {path.name for path in (tmp_path / "Test").iterdir()} == {"Test001", "Test001_gt"}
    with pytest.raises(UserError, match="found no Test/.\\.m"):
        ucsd.test_clips(tmp_path)


def test_a_place_that_is_no_folder_is_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert conveyor.main([f"--output={tmp_path}/file", *ARGUMENTS]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "cannot write" in error
