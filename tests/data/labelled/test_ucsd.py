"""UCSD's layout, written with all that lies about in it, against labels written by hand."""

import re
import shutil

import numpy as np
import pytest

from tests.data.labelled_files import labelled_clips, refused, write_ucsd
from tests.data.video_files import cut, images, write_image
from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.labelled import ucsd
from vpn_anomaly.errors import UserError

TRAIN = {"Train001": 4, "Train002": 3, "Train010": 3}
TEST = {"Test001": 9, "Test002": 10, "Test003": 6, "Test010": 7}
ANOMALOUS = {"Test001": [(2, 5), (7, 9)], "Test002": [(0, 10)], "Test010": [(3, 4)]}
LABELS = {"Test001": "001110011", "Test002": "1111111111", "Test003": "000000", "Test010": "0001000"}


@pytest.fixture
def made(tmp_path):
    train, test, masks = labelled_clips(TRAIN, TEST, ANOMALOUS)
    masks.pop("Test002")  # as most clips of Ped1
    write_ucsd(
        tmp_path / "UCSDped1",
        train,
        test,
        masks,
        labels=lines("[3:5, 8:9]", "[1:10]", "[]", "[4]"),
        mask_names={"Test003": "frame{:03d}.bmp", "Test010": "frame{}.bmp"},
    )
    return tmp_path / "UCSDped1", train, test, masks


def lines(*ranges):
    return "\n".join(
        ["TestVideoFile = {};", *(f"TestVideoFile{{end+1}}.gt_frame = {one};" for one in ranges)]
    )


def test_clips_have_their_frames_labels_and_masks(made):
    folder, train, test, masks = made
    sources = ucsd.training_sources(folder)
    assert sources == [str(folder / "Train" / name) for name in TRAIN]
    for source, frame_TxHxW in zip(sources, train.values(), strict=True):
        np.testing.assert_array_equal(images(source)[..., 0], frame_TxHxW)
    clips = ucsd.test_clips(folder)
    assert [clip.name for clip in clips] == list(TEST)
    for clip in clips:
        np.testing.assert_array_equal(images(clip.source)[..., 0], test[clip.name])
        assert clip.label_T.dtype == bool
        assert "".join(map(str, clip.label_T.astype(int))) == LABELS[clip.name]
        assert clip.mask_place == str(folder / "Test" / f"{clip.name}_gt")
        if clip.name == "Test002":
            assert clip.read_masks is None
            continue
        mask_TxHxW = clip.read_masks()
        assert mask_TxHxW.dtype == bool
        np.testing.assert_array_equal(mask_TxHxW, masks[clip.name])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[60:152]", [(60, 152)]),
        ("[5:90, 140:200]", [(5, 90), (140, 200)]),
        ("[5:90;140:200]", [(5, 90), (140, 200)]),
        ("[ 5 : 90  140:200 7 ]", [(5, 90), (140, 200), (7, 7)]),
        ("[]", []),
        ("[ ]", []),
        ("12", [(12, 12)]),
        ("3:4", [(3, 4)]),
    ],
)
def test_ranges_as_matlab_has_them(tmp_path, text, expected):
    path = tmp_path / "x.m"
    path.write_bytes(
        f"\ufeff% {text}\r\n TestVideoFile={{}} ;\r\n\r\nTestVideoFile{{ end + 1 }}.gt_frame"
        f"={text}  ;  % [1:2];\r\nTestVideoFile{{end+1}}.gt_frame = [1:2]".encode()
    )
    assert ucsd._read_ranges(path, memory_limit.for_footage()) == [expected, [(1, 2)]]


@pytest.mark.parametrize(
    "statement",
    [
        "TestVideoFile{end+1}.gt_frame = [1:2:9];",
        "TestVideoFile{end+1}.gt_frame = [a:9];",
        "TestVideoFile{3}.gt_frame = [1:9];",
        "TestVideoFile{end+1}.gt_frame = ;",
        "clear all",
        "TestVideoFile{end+1}.gt_frame = [1:2]; TestVideoFile{end+1}.gt_frame = [1:2];",
        "TestVideoFile{end+1}.gt_frame = [-1:2];",
    ],
)
def test_a_line_of_another_kind_is_named(made, statement):
    folder, *_ = made
    (folder / "Test/UCSDped1.m").write_text(f"TestVideoFile = {{}};\n{statement}\n")
    words = f"UCSDped1.m: line 2 is {statement!r}; expected one line per clip such as TestVideoFile"
    fails(folder, words)


def fails(folder, *words, read=ucsd.test_clips):
    return refused(read, folder, *words)


@pytest.mark.parametrize(
    "ranges, words",
    [
        (["[1:2]"] * 3, ("labels of 3 clips, but", "Test has 4")),
        (["[1:2]"] * 5, ("labels of 5 clips, but", "Test has 4")),
        (["[]", "[]", "[2:3 5:7]", "[]"], ("UCSDped1.m: frames 5:7 of Test003, which has frames 1:6",)),
        (["[0:3]", "[]", "[]", "[]"], ("frames 0:3 of Test001, which has frames 1:9",)),
        (["[5:3]", "[]", "[]", "[]"], ("frames 5:3 of Test001",)),
        (["[10]", "[]", "[]", "[]"], ("frames 10:10 of Test001",)),
    ],
)
def test_labels_that_do_not_fit_the_clips(made, ranges, words):
    folder, *_ = made
    (folder / "Test/UCSDped1.m").write_text(lines(*ranges))
    fails(folder, *words)


def test_several_files_of_labels(made):
    folder, *_ = made
    shutil.copy(folder / "Test/UCSDped1.m", folder / "Test/copy.m")
    fails(folder, "Test: 2 files of labels (copy.m, UCSDped1.m); keep one of them")


def test_images_and_masks_that_are_missing(made):
    folder, *_ = made
    (folder / "Test/Test001/007.tif").unlink()
    (folder / "Test/Test001/004.tif").unlink()
    fails(folder, "Test001: images are missing by their numbers (4, 7), so the labels would shift")


@pytest.mark.parametrize(
    "renamed, first, refused",
    [
        (lambda number: f"{number:03d}.tif", 1, False),
        (lambda number: f"{number - 1:03d}.tif", 0, False),
        (lambda number: f"{number + 1:03d}.tif", 2, True),
        (lambda number: f"frame_{number + 4}.tif", 5, True),
    ],
)
def test_images_that_do_not_begin_with_the_first(made, renamed, first, refused):
    folder = made[0] / "Test/Test002"  # it has no masks to compare with
    for number in sorted(range(1, 11), reverse=first > 1):
        (folder / f"{number:03d}.tif").rename(folder / renamed(number))
    if refused:
        with pytest.raises(UserError, match=f"Test002: the first image is .*{first}.tif: those before it"):
            ucsd.test_clips(made[0])
    else:
        assert len(ucsd.test_clips(made[0])[1].label_T) == 10


def test_images_twice(made):
    folder, _, test, _ = made
    write_image(folder / "Test/Test001/004.png", test["Test001"][3][..., None])
    fails(folder, "Test001: 004.png and 004.tif have the same name; keep one of them")


def test_masks_that_are_missing(made):
    folder, *_ = made
    (folder / "Test/Test003_gt/frame006.bmp").unlink()
    fails(folder, "Test003_gt: 5 masks, but", "Test003 has 6 frames")


def test_masks_that_cannot_be_read(made):
    folder, *_ = made
    shutil.copy(cut(folder / "Test/Test001_gt/002.bmp", 0.5), folder / "Test/Test001_gt/002.bmp")
    (folder / "Test/Test001_gt/cut_002.bmp").unlink()
    write_image(folder / "Test/Test003_gt/frame002.bmp", np.zeros((8, 9, 1), np.uint8))
    clips = {clip.name: clip for clip in ucsd.test_clips(folder)}
    with pytest.raises(UserError, match="002.bmp: this mask cannot be read; copy it"):
        clips["Test001"].read_masks()
    with pytest.raises(UserError, match="frame002.bmp: a mask of 9x8, but frame001.bmp has 32x24"):
        clips["Test003"].read_masks()


def test_masks_may_have_levels_between(made):
    folder, *_ = made
    level_HxWxC = np.zeros((24, 32, 1), np.uint8)
    level_HxWxC[0, :3, 0] = 127, 128, 255
    write_image(folder / "Test/Test003_gt/frame002.bmp", level_HxWxC)
    mask_TxHxW = ucsd.test_clips(folder)[2].read_masks()
    assert mask_TxHxW.sum() == 2 and mask_TxHxW[1, 0, 1:3].all()


def test_an_image_that_cannot_be_decoded_is_still_a_frame(made):
    folder, *_ = made
    (folder / "Test/Test002/005.tif").write_bytes(b"damaged")
    assert len(ucsd.test_clips(folder)[1].label_T) == 10


def test_clips_without_images(made):
    folder, *_ = made
    for clip, read in (("Train/Train002", ucsd.training_sources), ("Test/Test003", ucsd.test_clips)):
        shutil.rmtree(folder / clip)
        (folder / clip).mkdir()
        (folder / clip / "._001.tif").touch()
        fails(folder, f"{clip}: no images in it", read=read)


def test_training_does_not_read_labels(made):
    folder, *_ = made
    shutil.rmtree(folder / "Test")
    assert len(ucsd.training_sources(folder)) == 3
    fails(folder, "found no clip in Test/")


def test_the_file_of_labels_is_missing(made):
    folder, *_ = made
    (folder / "Test/UCSDped1.m").unlink()
    fails(folder, "found no Test/*.m")


@pytest.mark.parametrize("read", [ucsd.training_sources, ucsd.test_clips])
def test_another_layout(made, tmp_path, read):
    folder, *_ = made
    line = fails(
        tmp_path,
        " is not UCSD Ped1 or Ped2 as it is published: looked for Train/*/ with images,"
        " Test/*/ with images and one Test/*.m",
        read=read,
    )
    assert line.endswith(f"; give {folder}")
    shutil.copytree(folder, tmp_path / "UCSDped2")
    line = fails(tmp_path, read=read)
    assert line.endswith(f"; give one of {folder}, {tmp_path / 'UCSDped2'}")
    line = fails(folder / "Test/Test001", read=read)
    assert line.endswith("; give the folder that holds all of it")
    fails(tmp_path / "none", "none: no such folder; expected UCSD Ped1 or Ped2: Train/*/", read=read)


def test_what_the_writer_says_is_read_back(tmp_path):
    labels = write_ucsd(tmp_path / "made", *labelled_clips({"Train001": 3}, TEST, ANOMALOUS))
    for clip in ucsd.test_clips(tmp_path / "made"):
        np.testing.assert_array_equal(clip.label_T, labels[clip.name])
        assert "".join(map(str, clip.label_T.astype(int))) == LABELS[clip.name]
    text = (tmp_path / "made/Test/UCSDped1.m").read_text()
    assert re.findall(r"= (.*);", text) == ["{}", "[3:5, 8:9]", "[1:10]", "[]", "[4:4]"]
