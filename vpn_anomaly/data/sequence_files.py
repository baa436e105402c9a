"""Sequences from .npy and .npz files.

A .npy holds uint8 (N, T, H, W) or (N, T, H, W, C), C 1 or 3, and is memory-mapped. The published
test set `mnist_test_seq.npy` is (20, N, H, W), time first: a .npy with four axes, the first of length
20 and the second of another length, is read that way (give other files of 20 sequences a fifth axis
of length 1). A .npz holds an array `sequences`, or a single array, always with sequences first.
"""

import functools
import os
import pathlib

import numpy as np

from vpn_anomaly import samples
from vpn_anomaly.data import array_files, memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.random_bits import SPLITS
from vpn_anomaly.data.tensorflow.clips import as_graph_node
from vpn_anomaly.errors import UserError

PUBLISHED_FRAMES = 20
NEEDED = "expected uint8 (N, T, H, W) or (N, T, H, W, C) with C 1 or 3, as .npy or .npz"


def read_sequences(path, limit: MemoryLimit | None = None) -> np.ndarray:
    """The sequences of a file, uint8 (N, T, H, W, C); `sample`: those that come with the package.

    UserError if there are none, or if they exceed the memory limit (None: the default), which is checked
    before any data is unpacked.
    """
    path = samples.FILE if os.fspath(path) == samples.SAMPLE else pathlib.Path(path)
    check = functools.partial(_check_header, path, limit or memory_limit.for_sequences())
    array, is_npy = _stored_array(path, check)
    if array.ndim == 5:
        return array
    if is_npy and array.shape[0] == PUBLISHED_FRAMES != array.shape[1]:
        array = array.swapaxes(0, 1)
    return array[..., None]


def check_shape(sequences, path, *, height=None, width=None, channels=None, minimum_frames: int = 1) -> None:
    """Raises UserError unless the sequences have these sizes (None: any) and at least `minimum_frames`."""
    _, frames, *size = sequences.shape
    named = zip(("height", "width", "channels"), size, (height, width, channels), strict=True)
    for name, given, expected in named:
        if expected not in (None, given):
            raise UserError(
                f"{path}: {name} {given}, but the model is made for {expected};"
                f" give a file of {name} {expected} or set data.{name}={given} and train again"
            )
    if frames < minimum_frames:
        raise UserError(
            f"{path}: {frames} frames per sequence, but {minimum_frames} are needed; give longer sequences"
        )


class FileSequences:
    """Sequences of a file as a source like MovingMNIST: the first 80% are the train split, the next
    10% validation, the last 10% test. Independent of the seed."""

    def __init__(self, sequences_NxTxHxWxC: np.ndarray):
        self.sequences_NxTxHxWxC = sequences_NxTxHxWxC
        count = len(sequences_NxTxHxWxC)
        ends = (count * 8 // 10, count * 9 // 10, count)
        self._ranges = dict(zip(SPLITS, zip((0, *ends[:-1]), ends), strict=True))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Frames, height, width and channels of a sequence (T, H, W, C)."""
        return self.sequences_NxTxHxWxC.shape[1:]

    def length(self, split: str) -> int:
        """Number of sequences in a split."""
        first, end = self._ranges[split]
        return end - first

    def clips(self, seed: int, split: str, index_N) -> np.ndarray:
        """The split's sequences at these indices, uint8 (N, T, H, W, C), in memory."""
        index_N = np.asarray(index_N)
        if np.any((index_N < 0) | (index_N >= self.length(split))):
            raise IndexError(f"beyond the {self.length(split)} sequences of the {split} split")
        return np.ascontiguousarray(self.sequences_NxTxHxWxC[index_N + self._ranges[split][0]])

    def graph_clips(self, seed: int, split: str, index_N):
        """`clips` as a node of a tf.data graph."""

        def clips(index_N):
            return self.clips(seed, split, index_N)

        return as_graph_node(clips, [(np.uint8, (index_N.shape[0], *self.shape))], index_N)[0]


def _check_header(path: pathlib.Path, limit: MemoryLimit, header: array_files.Header) -> None:
    array_files.check_image_array(path, header, 4, "sequences", NEEDED)
    limit.check(path, header.size, "the array in it")


def _stored_array(path: pathlib.Path, check: array_files.Check) -> tuple[np.ndarray, bool]:
    """The file's array of sequences, and whether the file is a .npy."""
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {NEEDED}") from error
    if not start:
        raise UserError(f"{path}: the file is empty; {NEEDED}")
    is_npy = start == array_files.MAGIC
    if not is_npy and not start.startswith(b"PK"):
        raise UserError(f"{path}: neither a .npy nor a .npz file; {NEEDED}")
    try:
        if is_npy:
            return array_files.map_array(path, check), True
        with array_files.open_archive(path) as archive:
            return archive.read(_array_name(path, archive.names), check), False
    except (UserError, MemoryError):
        raise
    except array_files.UnsupportedArray as error:
        raise UserError(f"{path}: it {error}; {NEEDED}") from error
    except Exception as error:  # damage raises a dozen types: zip, zlib, token, struct …
        raise UserError(f"{path}: it is truncated or damaged; {NEEDED}") from error


def _array_name(path: pathlib.Path, names: list[str]) -> str:
    if "sequences" in names:
        return "sequences"
    if not names:
        raise UserError(f"{path}: no array in it; {NEEDED}")
    if len(names) > 1:
        raise UserError(
            f"{path}: {len(names)} arrays ({', '.join(sorted(names)[:5])}) and none is named"
            " sequences; name the one to read sequences"
        )
    return names[0]
