"""ShanghaiTech's layout, written with all that lies about in it, against labels written by hand."""

import shutil

import numpy as np
import pytest

from tests.data.labelled_files import labelled_clips, refused, write_shanghaitech
from tests.data.video_files import cut, images
from vpn_anomaly.data.labelled import shanghaitech

TRAIN = {"01_001": 4, "01_010": 3, "13_007": 5}
TEST = {"01_0014": 11, "01_0015": 8, "02_0001": 6, "10_0001": 7}
ANOMALOUS = {"01_0014": [(2, 5), (7, 9)], "01_0015": [(0, 8)], "10_0001": [(3, 4)]}
LABELS = {"01_0014": "00111001100", "01_0015": "11111111", "02_0001": "000000", "10_0001": "0001000"}


@pytest.fixture
def made(tmp_path):
    train, test, masks = labelled_clips(TRAIN, TEST, ANOMALOUS)
    masks.pop("02_0001")
    write_shanghaitech(tmp_path / "shanghaitech", train, test, masks)
    return tmp_path / "shanghaitech", train, test, masks


def fails(folder, *words, read=shanghaitech.test_clips):
    return refused(read, folder, *words)


def test_clips_have_their_frames_labels_and_masks(made):
    folder, train, test, masks = made
    sources = shanghaitech.training_sources(folder)
    assert sources == [str(folder / f"training/videos/{name}.avi") for name in TRAIN]
    for source, frame_TxHxW in zip(sources, train.values(), strict=True):
        np.testing.assert_array_equal(images(source)[..., 0], frame_TxHxW)
    clips = shanghaitech.test_clips(folder)
    assert [clip.name for clip in clips] == list(TEST)
    for clip in clips:
        assert images(clip.source)[..., 0].shape == test[clip.name].shape
        assert type(clip.label_T) is np.ndarray and clip.label_T.dtype == bool
        assert "".join(map(str, clip.label_T.astype(int))) == LABELS[clip.name]
        assert clip.mask_place == str(folder / f"testing/test_pixel_mask/{clip.name}.npy")
        if clip.name == "02_0001":
            assert clip.read_masks is None
            continue
        mask_TxHxW = clip.read_masks()
        assert type(mask_TxHxW) is np.ndarray and mask_TxHxW.dtype == bool
        np.testing.assert_array_equal(mask_TxHxW, masks[clip.name])


def test_frames_of_other_names_are_in_the_order_of_their_numbers(tmp_path):
    train, test, masks = labelled_clips(TRAIN, TEST, ANOMALOUS)
    labels = write_shanghaitech(
        tmp_path / "x", train, test, masks, name="{}.png", first=1, train_as=["frames"], anomalous=255
    )
    sources = shanghaitech.training_sources(tmp_path / "x")
    assert sources == [str(tmp_path / f"x/training/frames/{name}") for name in TRAIN]
    for source, frame_TxHxW in zip(sources, train.values(), strict=True):
        np.testing.assert_array_equal(images(source)[..., 0], frame_TxHxW)
    for clip in shanghaitech.test_clips(tmp_path / "x"):
        np.testing.assert_array_equal(images(clip.source)[..., 0], test[clip.name])
        np.testing.assert_array_equal(clip.label_T, labels[clip.name])
        np.testing.assert_array_equal(clip.read_masks(), masks[clip.name])


def test_videos_go_before_frames_to_train_on(tmp_path):
    clips = labelled_clips(TRAIN, TEST, ANOMALOUS)
    write_shanghaitech(tmp_path / "x", *clips, train_as=["videos", "frames"])
    assert all(source.endswith(".avi") for source in shanghaitech.training_sources(tmp_path / "x"))


def test_clips_need_no_masks_at_all(made):
    folder, *_ = made
    shutil.rmtree(folder / "testing/test_pixel_mask")
    assert [clip.read_masks for clip in shanghaitech.test_clips(folder)] == [None] * 4


def test_images_that_are_missing(made):
    folder, *_ = made
    for number in (3, 4, 6):
        (folder / f"testing/frames/01_0014/{number:03d}.jpg").unlink()
    fails(folder, "01_0014: images are missing by their numbers (3-4, 6), so the labels would shift")


def test_counts_that_differ(made):
    folder, *_ = made
    (folder / "testing/frames/01_0015/007.jpg").unlink()  # no gap: the last one
    fails(folder, "test_frame_mask/01_0015.npy: 8 labels, but", "frames/01_0015 has 7 frames")
    np.save(folder / "testing/test_frame_mask/01_0015.npy", np.ones(7, np.int64))
    fails(folder, "test_pixel_mask/01_0015.npy: 8 masks, but", "frames/01_0015 has 7 frames")


def test_labels_that_are_missing(made):
    folder, *_ = made
    (folder / "testing/test_frame_mask/02_0001.npy").unlink()
    fails(folder, "test_frame_mask/02_0001.npy: the labels of", "frames/02_0001 are missing")
    shutil.rmtree(folder / "testing/test_frame_mask")
    fails(folder, "found no testing/test_frame_mask folder")


def damaged(path):
    shutil.copy(cut(path, 0.9), path)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (damaged, "not a .npy, truncated or damaged; expected a .npy of 0 and 1, "),
        (lambda path: path.write_bytes(b""), "not a .npy, truncated or damaged"),
        (lambda path: np.save(path, np.zeros((8, 1))), "float64[8, 1] in it; expected a .npy of 0 and 1, "),
        (lambda path: np.save(path, np.array(8)), "int64[] in it"),
        (lambda path: np.save(path, np.full(8, "x")), "<U1[8] in it"),
        (
            lambda path: np.save(path, np.full(8, None), allow_pickle=True),
            "it holds pickled Python objects, which are not loaded; expected a .npy of 0 and 1, ",
        ),
        (lambda path: np.savez(path.open("wb"), np.zeros(8)), "several arrays in it"),
    ],
)
@pytest.mark.parametrize("kind, shape", [("test_frame_mask", "(T,)"), ("test_pixel_mask", "(T, H, W)")])
def test_arrays_of_another_kind(made, kind, shape, spoil, words):
    folder, *_ = made
    path = folder / "testing" / kind / "01_0015.npy"
    spoil(path)
    line = fails(folder, f"{kind}/01_0015.npy: {words}")
    assert line.endswith(f"expected a .npy of 0 and 1, {shape}")


def test_clips_without_images(made):
    folder, train, *_ = made
    shutil.rmtree(folder / "testing/frames/02_0001")
    (folder / "testing/frames/02_0001").mkdir()
    fails(folder, "testing/frames/02_0001: no images in it")
    shutil.rmtree(folder / "training/videos")
    (folder / "training/frames/01_001").mkdir(parents=True)
    fails(folder, "training/frames/01_001: no images in it", read=shanghaitech.training_sources)


def test_training_does_not_read_labels(made):
    folder, *_ = made
    shutil.rmtree(folder / "testing")
    assert len(shanghaitech.training_sources(folder)) == 3
    fails(folder, "found no folder in testing/frames/")


def test_nothing_to_train_on(made):
    folder, *_ = made
    shutil.rmtree(folder / "training")
    fails(
        folder,
        "found no video in training/videos/ and no folder in training/frames/",
        read=shanghaitech.training_sources,
    )


@pytest.mark.parametrize("read", [shanghaitech.training_sources, shanghaitech.test_clips])
def test_another_layout(made, tmp_path, read):
    folder, *_ = made
    line = fails(
        tmp_path, " is not ShanghaiTech as it is published: looked for training/videos/*.avi or", read=read
    )
    assert line.endswith(f"; give {folder}")
    fails(tmp_path / "none", "none: no such folder; expected ShanghaiTech: training/", read=read)
