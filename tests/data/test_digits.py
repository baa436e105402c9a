"""Glyph sources: the embedded digits, tensorflow-datasets and files."""

import hashlib
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.errors import UserError

GLYPHS = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)


def test_embedded_digits_are_the_first_of_mnist_in_its_own_order():
    digits = load_digits("embedded")
    assert digits.train_Nx28x28.shape == (10_000, 28, 28)
    assert digits.test_Nx28x28.shape == (2_000, 28, 28)
    # The first rows with ink of the train file's first digit, a five, and the test file's, a seven.
    five, seven = digits.train_Nx28x28[0, 5], digits.test_Nx28x28[0, 7]
    assert five[12:24].tolist() == [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]
    assert seven[6:12].tolist() == [84, 185, 159, 151, 60, 36]
    digest = hashlib.sha256(digits.train_Nx28x28.tobytes() + digits.test_Nx28x28.tobytes())
    assert digest.hexdigest() == "54ed7994940da86ce84ba063eb743d818c7f1202c7f1e61eeb03bf1bce93a276"


def test_a_file_of_train_and_test(tmp_path):
    np.savez(tmp_path / "letters.npz", train=GLYPHS[:7], test=GLYPHS[7:])
    digits = load_digits(str(tmp_path / "letters.npz"))
    np.testing.assert_array_equal(digits.of_split("train"), GLYPHS[:7])
    np.testing.assert_array_equal(digits.of_split("validation"), GLYPHS[:7])
    np.testing.assert_array_equal(digits.of_split("test"), GLYPHS[7:])


def test_a_single_array_is_split_five_to_one(tmp_path):
    np.savez_compressed(tmp_path / "letters.npz", GLYPHS)
    digits = load_digits(str(tmp_path / "letters.npz"))
    np.testing.assert_array_equal(digits.train_Nx28x28, GLYPHS[:10])
    np.testing.assert_array_equal(digits.test_Nx28x28, GLYPHS[10:])


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"train": GLYPHS}, None),
        ({"train": GLYPHS, "test": GLYPHS[:0]}, "at least one glyph"),
        ({"glyphs": GLYPHS[:0]}, "at least one glyph"),
        ({"glyphs": GLYPHS / 255}, "float64"),
        ({"glyphs": GLYPHS[:, :20]}, r"\(12, 20, 28\)"),
        ({"glyphs": GLYPHS[0]}, r"\(28, 28\)"),
        ({"glyphs": np.array([{}], object)}, "cannot be read"),
        ({"x": GLYPHS, "y": GLYPHS}, r"\['x', 'y'\]"),
        ({}, r"arrays \[\]"),
    ],
)
def test_files_of_other_arrays_are_refused(tmp_path, arrays, message):
    path = tmp_path / "glyphs.npz"
    np.savez(path, **arrays)
    if message is None:
        load_digits(str(path))
        return
    with pytest.raises(UserError, match=message) as caught:
        load_digits(str(path))
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut", b"text"])
def test_files_that_are_no_archive_are_refused(tmp_path, content):
    path = tmp_path / "glyphs.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="allowed: embedded, tfds, or a .npz") as caught:
        load_digits(str(path))
    assert "\n" not in str(caught.value)


def test_a_bare_array_file_is_refused(tmp_path):
    np.save(tmp_path / "glyphs.npy", GLYPHS)
    with pytest.raises(UserError, match="a .npy file"):
        load_digits(str(tmp_path / "glyphs.npy"))


@pytest.mark.parametrize("module", ["tensorflow", "tensorflow_datasets"])
def test_tfds_without_its_modules_is_one_line(monkeypatch, module):
    pytest.importorskip("tensorflow")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match="data.digits=tfds needs the module") as caught:
        load_digits("tfds")
    assert module in str(caught.value) and "\n" not in str(caught.value)


def test_tfds_without_data_or_network_is_one_line(monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")

    def load(*arguments, download, **options):
        assert not download, "tried for minutes without a network"
        raise AssertionError("Dataset mnist: could not find data")

    def urlopen(*arguments, **options):
        raise urllib.error.URLError("no network\nat all")

    monkeypatch.setattr(tfds, "load", load)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(UserError, match="not prepared here and cannot be downloaded") as caught:
        load_digits("tfds")
    assert "\n" not in str(caught.value) and "embedded" in str(caught.value)


def test_tfds_gives_both_splits():
    testing = pytest.importorskip("tensorflow_datasets").testing
    with testing.mock_data(num_examples=3):
        digits = load_digits("tfds")
    for glyphs in (digits.train_Nx28x28, digits.test_Nx28x28):
        assert glyphs.shape == (3, 28, 28) and glyphs.dtype == np.uint8
