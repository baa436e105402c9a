"""NumPy files (.npy, .npz) read header first: shape and type are known before any data is unpacked.

NumPy trusts a file: it unpacks whatever an archive holds and reads headers of any length. Here `check`
is called with an array's header first, and no more is read than the header states.
"""

import contextlib
import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.errors import UserError

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes, NumPy's own limit for headers that it parses
LONGEST_READ = 2**20  # bytes at once; limits an archive's directory to some 20,000 names
LARGEST_AXIS = 2**63


class UnsupportedArray(ValueError):
    """An array of an unsupported kind; the message says which and continues a sentence after "it"."""


class SeveralArrays(ValueError):
    """A .npz file where a .npy file is needed."""


class Header(NamedTuple):
    """What a .npy file states about its array; the data begins `start` bytes into the file."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    start: int

    @property
    def size(self) -> int:
        """Size of the array in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


Check = Callable[[Header], None]


def check_image_array(path, header: Header, axes: int, what: str, needed: str) -> None:
    """Raises UserError unless the array is uint8, not empty, and has `axes` axes, or one more of size 1 or 3.

    For the error message, `what` names the array's content and `needed` what is accepted.
    """
    shape, dtype = header.shape, header.dtype
    if dtype != np.uint8:
        raise UserError(f"{path}: values of type {dtype}; {needed}")
    if not is_image_shape(shape, axes):
        raise UserError(f"{path}: an array of shape {shape}; {needed}")
    if not header.size:
        raise UserError(f"{path}: no {what} in it, its shape is {shape}; {needed}")


def is_image_shape(shape: tuple[int, ...], axes: int) -> bool:
    """Whether it has `axes` axes, or one more of size 1 or 3, the colours."""
    return len(shape) == axes or len(shape) == axes + 1 and shape[-1] in (1, 3)


def map_array(path, check: Check) -> np.ndarray:
    """The array of a .npy file, memory-mapped, after `check` has accepted its header.

    Raises OSError, ValueError for damage (UnsupportedArray and SeveralArrays for other kinds of file), and
    what `check` raises.
    """
    with open(path, "rb") as file:
        header = _read_header(file)
        if header.start + header.size > os.fstat(file.fileno()).st_size:
            raise ValueError("the file ends before its array")
    check(header)
    return np.load(path, mmap_mode="r", allow_pickle=False)


class Archive:
    """The arrays of an open .npz file.

    Attributes:
      names: names of the arrays, in file order.
    """

    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        self._members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        self.names = list(self._members)

    def header(self, name: str) -> Header:
        """The header of an array. Raises ValueError for damage."""
        with self._open(name) as stream:
            return self._header(name, stream)

    def read(self, name: str, check: Check) -> np.ndarray:
        """The array, in memory, after `check` has accepted its header; raises like `map_array`."""
        with self._open(name) as stream:
            header = self._header(name, stream)
            check(header)
            return _filled(stream, header)

    def read_all(self, check: Callable[[int], None]) -> dict[str, np.ndarray]:
        """All arrays by name, after `check` has accepted their total size in bytes; raises likewise."""
        check(sum(self.header(name).size for name in self.names))
        return {name: self.read(name, lambda header: None) for name in self.names}

    def _open(self, name: str):
        if self._members[name].flag_bits & 1:
            raise UnsupportedArray("is encrypted")
        return self._archive.open(self._members[name])

    def _header(self, name: str, stream) -> Header:
        header = _read_header(stream)
        if header.start + header.size != self._members[name].file_size:
            raise ValueError("the archive and the array in it differ about its size")
        return header


@contextlib.contextmanager
def open_archive(path) -> Iterator[Archive]:
    """The arrays of a .npz file. Raises OSError, zipfile.BadZipFile and ValueError for damage."""
    with _ShortReads(path) as file, zipfile.ZipFile(file) as archive:
        yield Archive(archive)


class _ShortReads(io.FileIO):
    """A file that refuses long reads: zipfile reads a directory in one piece, whatever its length."""

    def read(self, size: int = -1) -> bytes:
        data = super().read(LONGEST_READ + 1 if size < 0 else min(size, LONGEST_READ + 1))
        if len(data) > LONGEST_READ:
            raise ValueError("too long a directory")
        return data


def _read_header(file) -> Header:
    start = file.read(8)
    if start[:2] == b"PK":
        raise SeveralArrays("a .npz")
    if start[:6] != MAGIC or start[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("no .npy")
    is_first = start[6] == 1
    length = file.read(2 if is_first else 4)
    content = file.read(min(int.from_bytes(length, "little"), LONGEST_HEADER + 1))
    if len(content) > LONGEST_HEADER:
        raise ValueError("too long a header")
    parse = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
    try:
        shape, fortran_order, dtype = parse(io.BytesIO(length + content))
    except (MemoryError, RecursionError) as error:  # from Python's parser, for deeply nested text
        raise ValueError("not a header") from error
    if not all(0 <= axis < LARGEST_AXIS for axis in shape):
        raise ValueError("no array has such axes")
    if dtype.hasobject:
        raise UnsupportedArray("holds pickled Python objects, which are not loaded")
    return Header(shape, fortran_order, dtype, len(start) + len(length) + len(content))


def _filled(stream, header: Header) -> np.ndarray:
    """Reads the array after its header; the stream has to end with it."""
    content = np.empty(header.size, np.uint8)
    for start in range(0, header.size, LONGEST_READ):
        piece = content[start : start + LONGEST_READ]
        data = stream.read(len(piece))
        if len(data) < len(piece):
            raise EOFError("the array ends early")
        piece[:] = np.frombuffer(data, np.uint8)
    stream.read(1)  # reaching the end makes zipfile verify the checksum
    array = content.view(header.dtype)
    return array.reshape(header.shape[::-1]).T if header.fortran_order else array.reshape(header.shape)
