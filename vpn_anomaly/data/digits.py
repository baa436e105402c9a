"""Sources of 28×28 glyphs: the embedded MNIST digits, tensorflow-datasets, or a user's .npz file."""

import dataclasses
import functools
import pathlib
import urllib.request

import numpy as np

from vpn_anomaly.data import array_files, memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.tensorflow.importing import import_tensorflow
from vpn_anomaly.errors import UserError
from vpn_anomaly.files.host_lock import one_at_a_time

GLYPH = 28  # pixels, height and width of a digit
EMBEDDED = pathlib.Path(__file__).with_name("embedded_digits.npz")
# One of the files that tensorflow-datasets downloads, to find out whether there is a network.
MNIST_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"
NETWORK_TIMEOUT = 10  # seconds
MOST_NAMED = 5  # arrays listed in a message


@dataclasses.dataclass(frozen=True, eq=False)
class Digits:
    """Glyphs by split, uint8; sequences of the train and validation splits use train_Nx28x28."""

    train_Nx28x28: np.ndarray
    test_Nx28x28: np.ndarray

    def of_split(self, split: str) -> np.ndarray:
        return self.test_Nx28x28 if split == "test" else self.train_Nx28x28


def load_digits(name: str, limit: MemoryLimit | None = None) -> Digits:
    """The glyphs of `embedded` (10,000 train, 2,000 test), `tfds` (60,000, 10,000) or a .npz file.

    A file holds uint8 glyphs of 28×28: arrays `train` and `test`, or a single array, whose first five
    sixths are train and the rest test. UserError if they are unavailable or exceed the memory limit
    (None: the default).
    """
    if name == "embedded":
        return _embedded()
    if name == "tfds":
        return _tfds()
    return _npz(pathlib.Path(name), limit or memory_limit.for_sequences())


@functools.lru_cache(maxsize=1)
def _embedded() -> Digits:
    return _npz(EMBEDDED, memory_limit.for_sequences())


def _tfds() -> Digits:
    from absl import logging

    verbosity = logging.get_verbosity()
    try:
        import_tensorflow()
        import tensorflow_datasets as tfds

        logging.set_verbosity(logging.ERROR)  # tfds warns before it fails; one line is enough
        tfds.disable_progress_bar()
        with one_at_a_time("mnist"):  # the others find it prepared
            return _prepared_tfds_mnist(tfds)
    except ModuleNotFoundError as error:
        raise UserError(
            f"data.digits=tfds needs the module {error.name}: pip install tensorflow"
            " tensorflow-datasets importlib_resources, or use data.digits=embedded"
        ) from error
    except Exception as error:  # without a network, a dozen types of three libraries
        raise UserError(
            "data.digits=tfds: MNIST is not prepared here and cannot be downloaded"
            f" ({_first_line(error)}); prepare it on a machine with a network by `tfds build"
            " mnist` and copy ~/tensorflow_datasets, or use data.digits=embedded"
        ) from error
    finally:
        logging.set_verbosity(verbosity)


def _prepared_tfds_mnist(tfds) -> Digits:
    try:
        return _tfds_mnist(tfds, download=False)
    except AssertionError:  # not prepared on this machine
        # Without a network tfds retries for minutes before it gives up.
        request = urllib.request.Request(MNIST_URL, method="HEAD")
        urllib.request.urlopen(request, timeout=NETWORK_TIMEOUT).close()
        return _tfds_mnist(tfds, download=True)


def _tfds_mnist(tfds, download: bool) -> Digits:
    glyphs = []
    for split in ("train", "test"):
        batches = tfds.load("mnist", split=split, download=download).batch(10_000)
        glyphs.append(np.concatenate([batch["image"].numpy()[..., 0] for batch in batches]))
    return Digits(*glyphs)


def _npz(path: pathlib.Path, limit: MemoryLimit) -> Digits:
    needed = "embedded, tfds, or a .npz of 28x28 uint8 glyphs (arrays train and test, or one array)"
    try:
        with path.open("rb") as file:
            if file.read(len(array_files.MAGIC)) == array_files.MAGIC:
                raise UserError(f"data.digits={path}: a .npy file; allowed: {needed}")
        with array_files.open_archive(path) as archive:
            names = archive.names
            if len(names) != 1 and not {"train", "test"} <= set(names):
                raise UserError(
                    f"data.digits={path} has arrays {sorted(names)[:MOST_NAMED]}; allowed: {needed}"
                )
            wanted = names if len(names) == 1 else ["train", "test"]
            _check_sizes(path, [archive.header(name) for name in wanted], limit)
            arrays = [archive.read(name, lambda header: None) for name in wanted]
    except FileNotFoundError as error:
        raise UserError(f"data.digits={path}: no such file; allowed: {needed}") from error
    except (UserError, MemoryError):
        raise
    except Exception as error:  # damage raises a dozen types: zip, zlib, token, struct …
        raise UserError(
            f"data.digits={path} cannot be read ({_first_line(error)}); allowed: {needed}"
        ) from error
    if len(arrays) == 1:
        arrays = np.split(arrays[0], [len(arrays[0]) * 5 // 6])
    for glyphs in arrays:
        _check_glyphs(path, glyphs.dtype, glyphs.shape)
    return Digits(*arrays)


def _check_sizes(path: pathlib.Path, headers: list[array_files.Header], limit: MemoryLimit) -> None:
    for header in headers:
        _check_glyphs(path, header.dtype, header.shape)
    limit.check(f"data.digits={path}", sum(header.size for header in headers), "unpacked, it")


def _check_glyphs(path, dtype, shape: tuple[int, ...]) -> None:
    if dtype != np.uint8 or shape[1:] != (GLYPH, GLYPH) or not shape[0]:
        raise UserError(
            f"data.digits={path}: an array of {dtype} {shape};"
            " expected uint8 (N, 28, 28) with at least one glyph for train and one for test"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
