"""numpy's files (.npy, .npz) by their headers: what an array is, before any of it is read or unpacked.

numpy believes a header: it unpacks whatever an archive holds, and reads a header of any length. Here
`check` sees an array's header first, and no more is read than the header says.
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
LONGEST_HEADER = 10_000  # bytes, numpy's own limit for headers that it parses
LONGEST_READ = 2**20  # bytes at once; so of an archive's directory, some 20,000 names
LARGEST_AXIS = 2**63


class UnsupportedArray(ValueError):
    """An array of a kind that is not read; the text says which, to follow "it"."""


class SeveralArrays(ValueError):
    """A .npz where a .npy is needed."""


class Header(NamedTuple):
    """What a .npy says of its array; `start` is the length of the header, in bytes."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    start: int

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


Check = Callable[[Header], None]


def check_image_array(path, header: Header, axes: int, what: str, needed: str) -> None:
    """UserError unless the array is uint8 of so many axes, or one more of 1 or 3 channels, and not empty.

    what: the array's content, and needed: what is read instead; for the error.
    """
    shape, dtype = header.shape, header.dtype
    if dtype != np.uint8:
        raise UserError(f"{path}: values of type {dtype}; {needed}")
    if len(shape) not in (axes, axes + 1) or (len(shape) == axes + 1 and shape[-1] not in (1, 3)):
        raise UserError(f"{path}: an array of shape {shape}; {needed}")
    if not header.size:
        raise UserError(f"{path}: no {what} in it, its shape is {shape}; {needed}")


def map_array(path, check: Check) -> np.ndarray:
    """The array of a .npy, memory-mapped, once `check` has passed its header.

    Raises OSError, ValueError for damage (UnsupportedArray, SeveralArrays: of another kind), and what `check` raises.
    """
    with open(path, "rb") as file:
        header = _read_header(file)
        if header.start + header.size > os.fstat(file.fileno()).st_size:
            raise ValueError("the file ends before its array")
    check(header)
    return np.load(path, mmap_mode="r", allow_pickle=False)


class Archive:
    """The arrays of an open .npz.

    Attributes:
      names: of its arrays, in the order of the file.
    """

    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        self._members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        self.names = list(self._members)

    def header(self, name: str) -> Header:
        """What the header of an array says. ValueError for damage."""
        with self._open(name) as stream:
            return self._header(name, stream)

    def read(self, name: str, check: Check) -> np.ndarray:
        """The array, in memory, once `check` has passed its header; raises as `map_array` does."""
        with self._open(name) as stream:
            header = self._header(name, stream)
            check(header)
            return _filled(stream, header)

    def read_all(self, check: Callable[[int], None]) -> dict[str, np.ndarray]:
        """All arrays by name, once `check` has passed the bytes that they take; raises likewise."""
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
    """The arrays of a .npz. Raises OSError, zipfile.BadZipFile and ValueError for damage."""
    with _ShortReads(path) as file, zipfile.ZipFile(file) as archive:
        yield Archive(archive)


class _ShortReads(io.FileIO):
    """A file that refuses a long read: zipfile reads a directory in one piece, however long it is."""

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
    except (MemoryError, RecursionError) as error:  # Python's parser, of text that is nested deeply
        raise ValueError("not a header") from error
    if not all(0 <= axis < LARGEST_AXIS for axis in shape):
        raise ValueError("no array has such axes")
    if dtype.hasobject:
        raise UnsupportedArray("holds pickled Python objects, which are not read")
    return Header(shape, fortran_order, dtype, len(start) + len(length) + len(content))


def _filled(stream, header: Header) -> np.ndarray:
    """The array that follows its header in a stream, which has to end with it."""
    content = np.empty(header.size, np.uint8)
    for start in range(0, header.size, LONGEST_READ):
        piece = content[start : start + LONGEST_READ]
        data = stream.read(len(piece))
        if len(data) < len(piece):
            raise EOFError("the array ends early")
        piece[:] = np.frombuffer(data, np.uint8)
    stream.read(1)  # at the end its checksum is compared
    array = content.view(header.dtype)
    return array.reshape(header.shape[::-1]).T if header.fortran_order else array.reshape(header.shape)
