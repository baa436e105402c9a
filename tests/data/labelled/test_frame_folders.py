"""The layout of ano_pred and its successors, with all that lies about in it, against labels written by hand."""

import logging
import pathlib
import pickle
import shutil

import numpy as np
import pytest
from scipy.io import savemat

from tests.data import bombs
from tests.data.labelled_files import labelled_clips, refused, write_cells, write_frame_folders
from tests.data.video_files import images, write_folder
from vpn_anomaly.data.labelled import frame_folders, frame_labels

TRAIN = {"t1": 4, "t2": 3, "t10": 5}
TEST = {"1": 9, "2": 8, "3": 6, "10": 7}  # in natural order
ANOMALOUS = {"1": [(2, 5), (7, 9)], "2": [(0, 8)], "10": [(3, 4)]}
LABELS = {"1": "001110011", "2": "11111111", "3": "000000", "10": "0001000"}
VECTOR = np.array(list("".join(LABELS.values())), int)
RANGES = [[[3, 8], [5, 9]], [[1], [8]], [], [[4], [4]]]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A set with strays, its clips and masks; the third clip has no masks."""
    folder = tmp_path_factory.mktemp("original") / "ped2"
    train, test, masks = labelled_clips(TRAIN, TEST, ANOMALOUS)
    masks.pop("3")
    write_frame_folders(folder, train, test, masks, name="{:03d}.png", labels=[])
    write_cells(folder / "ped2.mat", list(map(matrix, RANGES)), "gt")
    return folder, train, test, masks


@pytest.fixture
def made(original, tmp_path):
    """A copy of it, to be spoilt."""
    shutil.copytree(original[0], tmp_path / "ped2")
    return tmp_path / "ped2", *original[1:]


def matrix(ranges):
    return np.array(ranges, float) if len(ranges) else np.zeros((0, 0))


def fails(folder, *words, read=frame_folders.test_clips):
    return refused(read, folder, *words)


def labels(folder):
    return {
        clip.name: "".join(map(str, clip.label_T.astype(int))) for clip in frame_folders.test_clips(folder)
    }


def test_clips_have_their_frames_labels_and_masks(made):
    folder, train, test, masks = made
    sources = frame_folders.training_sources(folder)
    assert sources == [str(folder / "training/frames" / name) for name in TRAIN]
    for source, frame_TxHxW in zip(sources, train.values(), strict=True):
        np.testing.assert_array_equal(images(source)[..., 0], frame_TxHxW)
    clips = frame_folders.test_clips(folder)
    assert [clip.name for clip in clips] == list(TEST)
    assert [clip.source for clip in clips] == frame_folders.test_sources(folder)
    for clip in clips:
        np.testing.assert_array_equal(images(clip.source)[..., 0], test[clip.name])
        assert type(clip.label_T) is np.ndarray and clip.label_T.dtype == bool
        assert clip.mask_place == str(folder / f"pixel_masks/{clip.name}.npy")
        if clip.name == "3":
            assert clip.read_masks is None
            continue
        np.testing.assert_array_equal(clip.read_masks(), masks[clip.name])
    assert labels(folder) == LABELS


@pytest.mark.parametrize(
    "value",
    [VECTOR, VECTOR[None], VECTOR[:, None], VECTOR.astype(bool), VECTOR.astype(float)[None]],
    ids=["flat", "row", "column", "bool", "float"],
)
@pytest.mark.parametrize(
    "place", ["frame_labels_ped2.npy", "testing/frame_labels_x.npy", "../frame_labels_ped2.npy"]
)
def test_vectors(made, value, place):
    folder = made[0]
    (folder / "ped2.mat").unlink()
    np.save(folder / place, value)
    assert labels(folder) == LABELS


@pytest.mark.parametrize("place", ["testing/x.MAT", "../ped2.mat"])
def test_ranges_in_other_places(made, place):
    folder = made[0]
    shutil.move(folder / "ped2.mat", folder / place)
    assert labels(folder) == LABELS


def test_a_folder_given_by_a_dot_has_its_name(made, monkeypatch):
    folder = made[0].rename(made[0].with_name("Ped2"))
    shutil.move(folder / "ped2.mat", folder.parent)
    monkeypatch.chdir(folder)
    assert labels(pathlib.Path(".")) == LABELS


def test_labels_of_other_sets_beside_the_folder_are_not_taken(made):
    folder = made[0]
    shutil.move(folder / "ped2.mat", folder.parent / "avenue.mat")
    line = fails(folder, "found no NAME.mat and no frame_labels_NAME.npy in it or in testing/")
    assert line.endswith("; give the folder that holds all of it")


@pytest.mark.parametrize(
    "cell, expected",
    [
        (np.zeros((0, 0)), "000000"),
        (np.zeros((2, 0)), "000000"),
        (np.zeros((1, 1), np.uint8), "000000"),
        (np.zeros((2, 1), np.uint8), "000000"),
        (np.array([[2], [3]], np.uint16), "011000"),
        (np.array([[2, 3]], np.int64), "011000"),
        (np.array([[1, 0, 6], [2, 0, 6]], np.float32), "110001"),
        (np.array([[1, 2], [4, 6]]), "111111"),
    ],
)
@pytest.mark.parametrize("as_column", [False, True])
def test_cells(made, cell, expected, as_column):
    folder = made[0]
    cell_4 = np.empty(4, object)
    for number, one in enumerate((*map(matrix, RANGES[:2]), cell, matrix(RANGES[3]))):
        cell_4[number] = one
    savemat(folder / "ped2.mat", {"other": "text", "gt": cell_4[:, None] if as_column else cell_4})
    assert labels(folder) == LABELS | {"3": expected}


def test_a_cell_without_content(made):
    """As MATLAB stores a cell that nothing was assigned to."""
    folder = made[0]
    nothing = b"\x0e\0\0\0\0\0\0\0"
    cells = nothing + bombs.matlab_ones(2, 1) + nothing + bombs.matlab_ones(2, 2)
    bombs.write_matlab(folder / "ped2.mat", bombs.matlab_array(1, (1, 4), cells, "gt"))
    assert labels(folder) == {"1": "000000000", "2": "10000000", "3": "000000", "10": "1000000"}


def replaced(number, cell):
    return [*map(matrix, RANGES[:number]), np.asarray(cell), *map(matrix, RANGES[number + 1 :])]


@pytest.mark.parametrize(
    "cells, words",
    [
        (replaced(3, [[4], [8]]), "ped2.mat: frames 4:8 of 10, which has frames 1:7; copy both"),
        (replaced(2, [[0], [2]]), "ped2.mat: frames 0:2 of 3, which has frames 1:6"),
        (replaced(2, [[-1], [2]]), "ped2.mat: frames -1:2 of 3, which has frames 1:6"),
        (replaced(0, [[3, 9], [5, 8]]), "ped2.mat: frames 9:8 of 1, which has frames 1:9"),
        (
            replaced(0, [[3, 5], [8, 9], [1, 1]]),
            "ped2.mat: cell 1 of gt is [3, 2] for a clip of 9 frames; expected a MATLAB file with gt",
        ),
        (replaced(0, [[7]]), "ped2.mat: cell 1 of gt is [1, 1]"),
        (replaced(2, np.ones((2, 7))), "ped2.mat: cell 3 of gt is [2, 7] for a clip of 6 frames"),
        (replaced(1, [[1.5], [3]]), "ped2.mat: cell 2 of gt has numbers that are not whole"),
        (replaced(1, [[np.nan], [3]]), "ped2.mat: cell 2 of gt has numbers that are not whole"),
        (replaced(1, [[1], [np.inf]]), "ped2.mat: cell 2 of gt has numbers that are not whole"),
        (replaced(1, "text"), "ped2.mat: cell 2 of gt is not a matrix of numbers"),
        (list(map(matrix, RANGES[:3])), "ped2.mat: labels of 3 clips, but"),
        ([matrix(RANGES[2])] * 5, "ped2.mat: labels of 5 clips, but"),
    ],
)
def test_ranges_that_do_not_fit(made, cells, words):
    folder = made[0]
    write_cells(folder / "ped2.mat", cells, "gt")
    line = fails(folder, words)
    assert "clips" not in words or "testing/frames has 4; copy both" in line


def test_a_variable_of_another_name_or_kind(made):
    folder = made[0]
    savemat(folder / "ped2.mat", {"frames": np.zeros((2, 3)), "note": "x", "a\nb" * 9: 1})
    fails(
        folder, "ped2.mat: no gt in it, but frames (float64[2, 3]), note (text[1, 1]), a\\nb", "; expected a"
    )
    savemat(folder / "ped2.mat", {})
    fails(
        folder,
        "ped2.mat: no gt in it, it is empty; expected a MATLAB file with gt, a cell for every test clip",
    )
    savemat(folder / "ped2.mat", {"gt": np.zeros((4, 2, 1))})
    fails(folder, "ped2.mat: gt is float64[4, 2, 1]; expected")
    (folder / "ped2.mat").write_bytes(b"MATLAB")
    fails(folder, "ped2.mat: cannot be read, or is truncated or damaged; expected")


@pytest.mark.parametrize(
    "value, words",
    [
        (VECTOR[:-1], "29 labels, but"),
        (np.append(VECTOR, 0)[None], "31 labels, but"),
        (np.zeros((4, 30)), "float64[4, 30] in it; expected (N,) or (1, N)"),
        (np.zeros((1, 1, 30)), "float64[1, 1, 30] in it; expected a .npy of 0 and 1, (N,)"),
        (VECTOR * 255, "255 in it; expected 0 and 1"),
        (np.where(VECTOR, np.nan, 0), "nan in it; expected 0 and 1"),
        (np.array([VECTOR[:9], VECTOR[9:]], object), "it holds pickled Python objects, which are not loaded"),
    ],
)
def test_vectors_that_do_not_fit(made, value, words):
    folder = made[0]
    (folder / "ped2.mat").unlink()
    np.save(folder / "frame_labels_ped2.npy", value, allow_pickle=True)
    line = fails(folder, f"frame_labels_ped2.npy: {words}")
    assert "labels" not in words or "testing/frames has 30 frames; copy both" in line


def test_two_files_have_to_agree(made):
    folder = made[0]
    path = folder / "testing/frame_labels_ped2.npy"
    np.save(path, VECTOR[None])
    assert labels(folder) == LABELS
    other = VECTOR.copy()
    other[[8, 9 + 8 + 1]] ^= 1
    np.save(path, other)
    fails(
        folder,
        f"ped2.mat and {path} disagree about 2 of 30 frames, first about frame 9 of 1 (counted from 1); keep",
    )
    other[8] ^= 1
    np.save(path, other)
    fails(folder, "disagree about 1 of 30 frames, first about frame 2 of 3 (counted from 1)")


@pytest.mark.parametrize("kind", ["{}.mat", "frame_labels_{}.npy"])
def test_several_files_of_one_kind(made, kind):
    folder = made[0]
    (folder / "ped2.mat").unlink()
    (folder / kind.format("ped2")).touch()
    (folder / "testing" / kind.format("avenue")).touch()
    names = f"{kind.format('ped2')}, testing/{kind.format('avenue')}"
    fails(folder, f"ped2: 2 files of labels ({names}); keep the one of this set")


class Program:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.parametrize("place", ["", "testing", "ground_truth_demo"])
def test_a_pickle_is_refused_by_name_and_not_loaded(made, tmp_path, place):
    folder = made[0]
    (folder / "ped2.mat").unlink()
    (folder / place).mkdir(exist_ok=True)
    path = folder / place / "gt_label.json"
    path.write_bytes(pickle.dumps(Program(tmp_path / "loaded")))
    line = fails(
        folder, f"{path}: HF2-VAD's labels are a pickle, which is never loaded, as it can run any program"
    )
    assert line.endswith(f"; put NAME.mat or frame_labels_NAME.npy of the set into {folder}")
    (folder / "frame_labels_ped2.npy").write_bytes(path.read_bytes())
    fails(folder, "frame_labels_ped2.npy: not a .npy, truncated or damaged")
    assert not (tmp_path / "loaded").exists()


def test_a_pickle_beside_other_labels_is_named_once(made, caplog):
    folder = made[0]
    frame_labels._say_unread.cache_clear()
    (folder / "gt_label.json").write_bytes(pickle.dumps({"1": [0]}))
    with caplog.at_level(logging.WARNING, "vpn_anomaly.data"):
        assert labels(folder) == labels(folder) == LABELS
    (line,) = caplog.messages
    assert (
        line
        == f"{folder}/gt_label.json is a pickle and is not read; the labels are those of {folder}/ped2.mat"
    )


def test_images_that_are_missing(made):
    folder = made[0]
    for number in (3, 4, 6):
        (folder / f"testing/frames/1/{number:03d}.png").unlink()
    fails(folder, "1: images are missing by their numbers (3-4, 6), so the labels would shift")


@pytest.mark.parametrize("first, is_refused", [(0, False), (1, False), (2, True)])
def test_the_number_of_the_first_image(tmp_path, first, is_refused):
    clips = labelled_clips({"t": 3}, TEST, ANOMALOUS)
    write_frame_folders(tmp_path / "x", *clips, first=first, name="frame_{}.bmp")
    if is_refused:
        fails(tmp_path / "x", "1: the first image is frame_2.bmp: those before it are missing")
    else:
        assert labels(tmp_path / "x") == LABELS


@pytest.mark.parametrize("part", ["training/frames/t2", "testing/frames/2"])
def test_clips_without_images(made, part):
    folder = made[0]
    shutil.rmtree(folder / part)
    (folder / part).mkdir()
    fails(folder, f"{part}: no images in it", read=frame_folders.check_layout)


def test_masks_lie_beside_the_clips_in_hf2_vad(tmp_path):
    test, anomalous = {"Test001": 9, "Test002": 8}, {"Test001": [(2, 5)]}
    *clips, masks = labelled_clips({"Train001": 3}, test, anomalous)
    folder = tmp_path / "ped2"
    write_frame_folders(folder, *clips, masks, mask_folder=None)
    for name in test:
        level_TxHxWxC = masks[name][..., None] * np.uint8(255)
        write_folder(folder / f"testing/frames/{name}_gt", level_TxHxWxC, "{:03d}.bmp", 1)
    for clip in frame_folders.test_clips(folder):
        assert clip.name in test and clip.mask_place == f"{clip.source}_gt"
        np.testing.assert_array_equal(clip.read_masks(), masks[clip.name])
    (folder / "testing/frames/Test002_gt/008.bmp").unlink()
    fails(folder, "Test002_gt: 7 masks, but", "Test002 has 8 frames")


@pytest.mark.parametrize("place", ["pixel_masks", "testing/test_pixel_mask"])
def test_masks_in_arrays(tmp_path, place):
    *clips, masks = labelled_clips({"t": 3}, TEST, ANOMALOUS)
    write_frame_folders(tmp_path / "x", *clips, masks, mask_folder=place)
    for clip in frame_folders.test_clips(tmp_path / "x"):
        assert clip.mask_place == str(tmp_path / "x" / place / f"{clip.name}.npy")
        np.testing.assert_array_equal(clip.read_masks(), masks[clip.name])
    np.save(tmp_path / "x" / place / "3.npy", masks["3"][1:])
    fails(tmp_path / "x", f"{place}/3.npy: 5 masks, but", "frames/3 has 6 frames")


def test_training_does_not_read_labels(made):
    folder = made[0]
    shutil.rmtree(folder / "testing")
    assert len(frame_folders.training_sources(folder)) == 3
    fails(folder, "found no folder in testing/frames/")
