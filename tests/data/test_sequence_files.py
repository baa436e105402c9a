"""Files of sequences: what is read, and that everything else is one line."""

import pickle

import numpy as np
import pytest

from vpn_anomaly.data.sequence_files import FileSequences, check_shape, read_sequences
from vpn_anomaly.errors import UserError

CLIP = np.random.default_rng(0).integers(0, 256, (6, 7, 8, 9), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (4, 7, 8, 9, 3), dtype=np.uint8)


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        read_sequences(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


def saved(path, **arrays):
    """A .npy of the one array given, or a .npz of all."""
    if path.suffix == ".npy":
        np.save(path, *arrays.values())
    else:
        np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_grey_and_colour_files(tmp_path, name):
    grey = read_sequences(saved(tmp_path / name, anything=CLIP))
    np.testing.assert_array_equal(grey, CLIP[..., None])
    one_channel = read_sequences(saved(tmp_path / name, anything=CLIP[..., None]))
    np.testing.assert_array_equal(one_channel, CLIP[..., None])
    np.testing.assert_array_equal(read_sequences(saved(tmp_path / name, anything=COLOUR)), COLOUR)


def test_the_array_named_sequences_is_taken_among_others(tmp_path):
    path = saved(tmp_path / "a.npz", labels=np.arange(4), sequences=COLOUR)
    np.testing.assert_array_equal(read_sequences(str(path)), COLOUR)


def test_the_published_layout_is_turned_and_stays_on_disk(tmp_path):
    published = np.random.default_rng(2).integers(0, 256, (20, 5, 8, 8), dtype=np.uint8)
    given = read_sequences(saved(tmp_path / "mnist_test_seq.npy", published=published))
    assert given.shape == (5, 20, 8, 8, 1) and isinstance(given, np.memmap)
    np.testing.assert_array_equal(given[3, 11, :, :, 0], published[11, 3])


@pytest.mark.parametrize("shape", [(20, 20, 8, 8), (20, 5, 8, 8, 1), (5, 20, 8, 8)])
def test_other_layouts_are_left_as_they_are(tmp_path, shape):
    array = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    given = read_sequences(saved(tmp_path / "a.npy", array=array))
    np.testing.assert_array_equal(given, array.reshape(*shape[:4], 1))


def test_an_archive_is_always_sequences_first(tmp_path):
    array = np.zeros((20, 5, 8, 8), np.uint8)
    assert read_sequences(saved(tmp_path / "a.npz", array=array)).shape == (20, 5, 8, 8, 1)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize(
    "array, reason",
    [
        (CLIP / 255, "values of type float64"),
        (CLIP.astype(np.int64), "values of type int64"),
        (CLIP > 3, "values of type bool"),
        (CLIP[0], r"shape (7, 8, 9)"),
        (CLIP[..., None, None], r"shape (6, 7, 8, 9, 1, 1)"),
        (COLOUR[..., :2], r"shape (4, 7, 8, 9, 2)"),
        (CLIP[:0], "no sequences"),
        (CLIP[:, :0], "no sequences"),
        (np.array([{"a": 1}], object), "pickled"),
    ],
)
def test_arrays_of_other_kinds_are_refused(tmp_path, name, array, reason):
    assert reason in refusal(saved(tmp_path / name, array=array))


def test_files_that_hold_no_array_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    assert "No such file" in refusal(path)
    assert "directory" in refusal(tmp_path)
    path.write_bytes(b"")
    assert "empty" in refusal(path)
    path.write_bytes(pickle.dumps(CLIP))
    assert "neither a .npy nor a .npz" in refusal(path)
    assert "no array" in refusal(saved(path))
    assert "a, b) and none is named sequences" in refusal(saved(path, a=CLIP, b=CLIP))


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_truncated_files_are_refused_at_every_length(tmp_path, name):
    whole = saved(tmp_path / name, array=CLIP).read_bytes()
    for length in [*range(1, 150), *range(150, len(whole) - 1, 97), len(whole) - 1]:
        path = tmp_path / f"cut{length}"
        path.write_bytes(whole[:length])
        refusal(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_damaged_files_never_raise_anything_else(tmp_path, name):
    whole = saved(tmp_path / name, array=CLIP).read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "damaged"
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[random.integers(200)] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            assert read_sequences(path).dtype == np.uint8
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "sizes, reason",
    [
        ({"height": 64}, "height 8, but the model is made for 64"),
        ({"width": 64}, "width 9, but the model is made for 64"),
        ({"channels": 1}, "channels 3, but the model is made for 1"),
        ({"minimum_frames": 8}, "7 frames per sequence, but 8 are needed"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, reason):
    check_shape(COLOUR, "a.npz", height=8, width=9, channels=3, minimum_frames=7)
    check_shape(COLOUR, "a.npz")
    with pytest.raises(UserError, match=f"^a.npz: {reason}"):
        check_shape(COLOUR, "a.npz", **sizes)


@pytest.mark.parametrize("count, lengths", [(100, [80, 10, 10]), (15, [12, 1, 2]), (1, [0, 0, 1])])
def test_splits_share_a_file_out_without_overlap(count, lengths):
    sequences = np.arange(count, dtype=np.uint8)[:, None, None, None, None] * np.ones(
        (1, 3, 4, 4, 1), np.uint8
    )
    source = FileSequences(sequences)
    splits = ("train", "validation", "test")
    assert [source.length(split) for split in splits] == lengths
    assert source.shape == (3, 4, 4, 1)
    shown = [source.clips(0, split, np.arange(length)) for split, length in zip(splits, lengths)]
    np.testing.assert_array_equal(np.concatenate(shown), sequences)


def test_an_index_beyond_the_split_is_an_error():
    source = FileSequences(np.zeros((10, 3, 4, 4, 1), np.uint8))
    for index in (-1, 1):
        with pytest.raises(IndexError):
            source.clips(0, "test", [index])
