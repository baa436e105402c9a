"""Avenue's layout, written with all that lies about in it, against labels written by hand."""

import shutil

import numpy as np
import pytest
from scipy.io import savemat

from tests.data.labelled_files import labelled_clips, refused, write_avenue, write_cells
from tests.data.video_files import cut, images, write_video
from vpn_anomaly.data.labelled import avenue
from vpn_anomaly.data.video.open_video import VideoSettings, open_video

TRAIN = {"01": 4, "02": 3, "10": 5}
TEST = {"01": 9, "02": 8, "03": 6, "10": 7}
ANOMALOUS = {"01": [(2, 5), (7, 9)], "02": [(0, 8)], "10": [(3, 4)]}
LABELS = {"01": "001110011", "02": "11111111", "03": "000000", "10": "0001000"}
MASKS = "ground_truth_demo/testing_label_mask"


@pytest.fixture
def made(tmp_path):
    clips = labelled_clips(TRAIN, TEST, ANOMALOUS)
    write_avenue(tmp_path / "Avenue", *clips)
    return tmp_path / "Avenue", *clips


def fails(folder, *words, read=avenue.test_clips):
    return refused(read, folder, *words)


def test_clips_have_their_frames_labels_and_masks(made):
    folder, train, test, masks = made
    sources = avenue.training_sources(folder)
    assert sources == [str(folder / f"training_videos/{name}.avi") for name in TRAIN]
    for source, frame_TxHxW in zip(sources, train.values(), strict=True):
        np.testing.assert_array_equal(images(source)[..., 0], frame_TxHxW)
    clips = avenue.test_clips(folder)
    assert [clip.name for clip in clips] == list(TEST)
    for clip in clips:
        np.testing.assert_array_equal(images(clip.source)[..., 0], test[clip.name])
        assert clip.label_T.dtype == bool
        assert "".join(map(str, clip.label_T.astype(int))) == LABELS[clip.name]
        assert clip.mask_place == str(folder / MASKS / f"{int(clip.name)}_label.mat")
        mask_TxHxW = clip.read_masks()
        assert mask_TxHxW.dtype == bool
        np.testing.assert_array_equal(mask_TxHxW, masks[clip.name])


def test_masks_may_lie_elsewhere_and_be_other_numbers_and_videos_of_another_kind(tmp_path):
    clips = labelled_clips(TRAIN, TEST, ANOMALOUS)
    labels = write_avenue(
        tmp_path / "x",
        *clips,
        label_folder="testing_label_mask",
        ending=".mkv",
        anomalous=255,
        dtype=np.float64,
    )
    assert avenue.training_sources(tmp_path / "x")[0].endswith("01.mkv")
    for clip in avenue.test_clips(tmp_path / "x"):
        np.testing.assert_array_equal(clip.label_T, labels[clip.name])
        np.testing.assert_array_equal(clip.read_masks(), clips[2][clip.name])
        assert clip.mask_place == str(tmp_path / "x/testing_label_mask" / f"{int(clip.name)}_label.mat")


def test_one_pixel_makes_a_frame_anomalous(made):
    folder, _, test, _ = made
    mask_TxHxW = np.zeros(test["03"].shape, np.uint8)
    mask_TxHxW[4, -1, -1] = 1
    write_cells(folder / MASKS / "3_label.mat", mask_TxHxW)
    clip = avenue.test_clips(folder)[2]
    assert clip.label_T.tolist() == [False, False, False, False, True, False]
    np.testing.assert_array_equal(clip.read_masks(), mask_TxHxW == 1)


def test_labels_that_are_missing(made):
    folder, *_ = made
    (folder / MASKS / "10_label.mat").rename(folder / MASKS / "11_label.mat")
    fails(folder, f"{MASKS}/10_label.mat: the labels of {folder}/testing_videos/10.avi are missing")


def test_labels_of_another_number_of_frames(made):
    folder, _, _, masks = made
    write_cells(folder / MASKS / "2_label.mat", masks["02"][:-1].astype(np.uint8))
    fails(folder, "2_label.mat: 7 labels, but", "02.avi has 8 frames")


def test_a_video_that_was_cut_off(made):
    folder = made[0]
    video = folder / "testing_videos/01.avi"
    shutil.copy(cut(video, 0.7), video)  # its header still says 9
    assert open_video(str(video), VideoSettings()).expected_frames == 9
    fails(folder, "1_label.mat: 9 labels, but", "01.avi has ")


def damaged(path):
    shutil.copy(cut(path, 0.5), path)


def hdf5(path):
    """The first bytes of what MATLAB saves with -v7.3."""
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 ."
    path.write_bytes(header.ljust(124) + b"\0\2IM" + bytes(384) + b"\x89HDF\r\n\x1a\n" + bytes(100))


EMPTY = np.zeros((24, 32), np.uint8)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (damaged, "cannot be read, or is truncated or damaged; expected a MATLAB file with volLabel"),
        (lambda path: path.write_bytes(b""), "cannot be read, or is truncated or damaged"),
        (lambda path: path.write_bytes(b"x" * 500), "cannot be read, or is truncated or damaged"),
        (hdf5, "a MATLAB v7.3 file (HDF5), which is not supported; save it in MATLAB with save(…, '-v7')"),
        (
            lambda path: write_cells(path, [EMPTY] * 8, "labels"),
            "no volLabel in it, but labels (cell[1, 8]), other (int64[1, 1]); expected",
        ),
        (lambda path: savemat(path, {"volLabel": np.zeros((24, 32, 8))}), "volLabel is float64[24, 32, 8]"),
        (lambda path: savemat(path, {"volLabel": np.empty((1, 0), object)}), "volLabel is cell[1, 0]"),
        (
            lambda path: write_cells(path, [EMPTY] * 7 + [EMPTY[:20]]),
            "cell 8 of volLabel is [20, 32], the first [24, 32]; expected",
        ),
        (
            lambda path: write_cells(path, [EMPTY] * 7 + [np.zeros((2, 3, 4))]),
            "cell 8 of volLabel is not a matrix of numbers",
        ),
        (lambda path: write_cells(path, ["one"] * 8), "cell 1 of volLabel is not a matrix of numbers"),
    ],
)
def test_files_of_labels_that_are_of_another_kind(made, spoil, words):
    folder, *_ = made
    spoil(folder / MASKS / "2_label.mat")
    fails(folder, f"{MASKS}/2_label.mat: {words}")


def test_videos_without_a_number_or_twice(made):
    folder, _, test, _ = made
    write_video(folder / "testing_videos/02.mkv", test["02"][..., None])
    fails(folder, "testing_videos: 02.avi and 02.mkv have the same name; keep one of them")
    (folder / "testing_videos/02.mkv").rename(folder / "testing_videos/extra.mkv")
    fails(folder, "extra.mkv: no number in its name; test videos are 01.avi, 02.avi")


def test_training_does_not_read_labels(made):
    folder, *_ = made
    shutil.rmtree(folder / "testing_videos")
    assert len(avenue.training_sources(folder)) == 3
    fails(folder, "found no video in testing_videos/")
    shutil.rmtree(folder / "ground_truth_demo")
    assert len(avenue.training_sources(folder)) == 3


def test_all_labels_are_missing(made):
    folder, *_ = made
    shutil.rmtree(folder / MASKS)
    fails(folder, f"found no {MASKS} and no testing_label_mask folder")


@pytest.mark.parametrize("read", [avenue.training_sources, avenue.test_clips])
def test_another_layout(made, tmp_path, read):
    folder, *_ = made
    line = fails(
        tmp_path,
        " is not CUHK Avenue as it is published: looked for training_videos/*.avi,"
        " testing_videos/*.avi (or videos of another kind) and",
        read=read,
    )
    assert line.endswith(f"; give {folder}")
    fails(tmp_path / "none", "none: no such folder; expected CUHK Avenue: ", read=read)
