"""The embedded digits: which images are taken, and what is refused."""

import struct

import numpy as np
import pytest

from experiments import make_digits


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An extracted npm package with three images per file, of which two and one are taken."""
    monkeypatch.setattr(make_digits, "TRAIN_DIGITS", 2)
    monkeypatch.setattr(make_digits, "TEST_DIGITS", 1)
    monkeypatch.setattr(make_digits, "OUTPUT", tmp_path / "digits.npz")
    (tmp_path / "package/data").mkdir(parents=True)
    for name, first in (("train", 0), ("t10k", 100)):
        images = b"".join(bytes([first + number]) * 784 for number in range(3))
        header = struct.pack(">4I", 2051, 3, 28, 28)
        (tmp_path / f"package/data/{name}-images-idx3-ubyte").write_bytes(header + images)
    return tmp_path / "package"


def test_the_first_images_are_taken_in_order(package):
    assert make_digits.main([str(package)]) == 0
    with np.load(make_digits.OUTPUT) as digits:
        assert digits["train"].shape == (2, 28, 28) and digits["train"].dtype == np.uint8
        assert [np.unique(image).tolist() for image in digits["train"]] == [[0], [1]]
        assert np.unique(digits["test"]).tolist() == [100] and len(digits["test"]) == 1


@pytest.mark.parametrize(
    "content, words", [(b"none of them" * 9, "not an idx file"), (None, "cannot be found")]
)
def test_another_package_is_refused_in_one_line(package, capsys, content, words):
    path = package / "data/t10k-images-idx3-ubyte"
    path.unlink() if content is None else path.write_bytes(content)
    assert make_digits.main([str(package)]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not make_digits.OUTPUT.exists()
