"""A cell array of matrices in a MATLAB v5 file, whose memory needs are checked before scipy reads it.

scipy unpacks whatever a file contains and trusts every size in it. Here the file is traversed first:
unpacked piece by piece and discarded, up to the memory limit. Every cell of the cell array is
inspected, because scipy can expand a cell of a few bytes (text, nested cells) to gigabytes.
"""

import math
import os
import pathlib
import struct
import zlib

import numpy as np

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.printable_line import printable_line

MATRIX, COMPRESSED = 14, 15  # data types of an element
CLASSES = (  # of arrays, numbered from 1
    "cell",
    "struct",
    "an object",
    "text",
    "sparse",
    "float64",
    "float32",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
)
CELL, FIRST_NUMERIC = 1, 6
V4, V5 = 0, 1  # scipy's version numbers
COMPLEX = 0x0800  # a flag of an array
BYTES_PER_CELL = 1000  # upper bound for a cell as a Python object
PIECE = 2**18  # bytes that are unpacked at once
LONGEST_TEXT = 1000  # bytes of a name or of the dimensions of an array
LONGEST_SHOWN = 80  # characters of a name in a message


class _UnsupportedVariable(ValueError):
    """The variable is not a cell array of dense numeric matrices; the message says what it is."""


def read_cells(
    path: pathlib.Path, variable: str, limit: MemoryLimit, needed: str, may_be_empty: bool = False
) -> np.ndarray:
    """The cells of the variable, an object array of the cell array's shape, each a matrix of numbers.

    Args:
      needed: what is expected, for error messages.
      may_be_empty: whether a cell may be [].

    Raises UserError if the file cannot be read, exceeds the memory limit, or holds something else.
    """
    try:
        return _cells(path, variable, limit, may_be_empty)
    except NotImplementedError as error:
        raise UserError(
            f"{path}: a MATLAB v7.3 file (HDF5), which is not supported; save it in MATLAB with"
            f" save(…, '-v7'); {needed}"
        ) from error
    except _UnsupportedVariable as error:
        raise UserError(f"{path}: {error}; {needed}") from error
    except (UserError, MemoryError):
        raise
    except Exception as error:  # damage raises a dozen types: zlib, value, type, scipy's own …
        raise UserError(f"{path}: cannot be read, or is truncated or damaged; {needed}") from error


def _cells(path: pathlib.Path, variable: str, limit: MemoryLimit, may_be_empty: bool) -> np.ndarray:
    from scipy.io import loadmat
    from scipy.io.matlab import matfile_version

    limit.check(path, os.path.getsize(path), "the file")
    version, _ = matfile_version(path)
    if version == V4:
        raise _UnsupportedVariable("this is a MATLAB v4 file, which has no cells")
    others = _check(path, variable, limit, may_be_empty) if version == V5 else []
    found = loadmat(path, variable_names=[variable]).get(variable)
    if found is None:
        raise _UnsupportedVariable(
            f"no {variable} in it, {f'but {shortened(others)}' if others else 'it is empty'}"
        )
    return found


def _check(path: pathlib.Path, variable: str, limit: MemoryLimit, may_be_empty: bool) -> list[str]:
    """Checks the file's memory needs and the variable's cells; describes the other variables."""
    with open(path, "rb") as file:
        order = "<" if file.read(128)[126:] == b"IM" else ">"
        size, taken, others = os.fstat(file.fileno()).st_size, 0, []
        while file.tell() + 8 <= size:
            kind, length = struct.unpack(f"{order}2I", file.read(8))
            end = file.tell() + length
            unpack = zlib.decompressobj() if kind == COMPRESSED else None
            content = _Content(file, length, unpack, order, path, limit, taken)
            if kind == COMPRESSED:
                kind, length = content.numbers("2I", 8)
            limit.check(path, taken + length, "unpacked, it")
            if kind != MATRIX:
                raise ValueError("no array")
            others += _check_variable(content, variable, may_be_empty)
            content.skip_rest()
            taken = content.taken
            file.seek(end)
    return others


class _Content:
    """The bytes of an element, unpacked on demand, with their memory checked on the way.

    Attributes:
      order: byte order, in struct's notation.
      taken: bytes of memory that the file takes so far.
      place: bytes of this element that were read.
    """

    def __init__(self, file, length: int, unpack, order: str, path, limit: MemoryLimit, taken: int):
        self._file, self._left, self._unpack = file, length, unpack
        self._path, self._limit, self._ready, self._at = path, limit, b"", 0
        self.order, self.taken, self.place = order, taken, 0

    def take(self, size: int) -> None:
        self.taken += size
        if self.taken > self._limit.bytes:
            raise self._limit.too_large(
                self._path, f"unpacked, it takes more than {self._limit.gigabytes:g} GB"
            )

    def read(self, size: int) -> bytes:
        while len(self._ready) - self._at < size and self._fill():
            pass
        data = self._ready[self._at : self._at + size]
        if len(data) < size:
            raise EOFError("the element ends early")
        self._at += size
        self.place += size
        return data

    def skip(self, size: int) -> None:
        while size:
            part = min(size, PIECE)
            self.read(part)
            size -= part

    def skip_rest(self) -> None:
        self._at = len(self._ready)
        while self._fill():
            self._at = len(self._ready)

    def numbers(self, format: str, size: int) -> tuple[int, ...]:
        return struct.unpack(self.order + format, self.read(size))

    def small(self) -> bytes:
        """The content of the next subelement: flags, dimensions or a name."""
        first, second = self.numbers("2I", 8)
        if first >> 16:  # up to four bytes are stored in place of the length
            return struct.pack(f"{self.order}I", second)[: first >> 16]
        if second > LONGEST_TEXT:
            raise ValueError("too long a name, or too many axes")
        return self.read(-(-second // 8) * 8)[:second]

    def _fill(self) -> bool:
        """Unpacks another piece; returns False at the end."""
        if self._unpack and self._unpack.eof:
            return False
        packed = self._unpack.unconsumed_tail if self._unpack else b""
        if not packed:
            packed = self._file.read(min(self._left, PIECE))
            self._left -= len(packed)
        piece = self._unpack.decompress(packed, PIECE) if self._unpack else packed
        self.take(len(piece))
        self._ready, self._at = self._ready[self._at :] + piece, 0
        return bool(packed) if self._unpack is None else bool(piece or packed)


def _check_variable(content: _Content, variable: str, may_be_empty: bool) -> list[str]:
    """Checks the array if it is the variable; otherwise returns its name and kind."""
    kind, _, axes = _array(content)
    name, what = content.small().decode("latin1"), f"{_class_name(kind)}{list(axes)}"
    if name != variable:
        return [f"{printable_line(name[:LONGEST_SHOWN])} ({what})"] if name else []
    count = math.prod(axes)
    if kind != CELL or not count:
        raise _UnsupportedVariable(f"{variable} is {what}")
    content.take(count * BYTES_PER_CELL)
    for number in range(1, count + 1):
        _check_cell(content, f"cell {number} of {variable}", may_be_empty)
    return []


def _check_cell(content: _Content, name: str, may_be_empty: bool) -> None:
    element, length = content.numbers("2I", 8)
    if element != MATRIX:
        raise ValueError("no array in a cell")
    if not length:
        if may_be_empty:
            return
        raise _UnsupportedVariable(f"{name} is empty")
    before = content.place
    kind, flags, axes = _array(content)
    if not FIRST_NUMERIC <= kind <= len(CLASSES) or flags & COMPLEX or len(axes) != 2:
        raise _UnsupportedVariable(f"{name} is not a matrix of numbers")
    if math.prod(axes) > length:  # each number takes at least one byte
        raise ValueError("an array that ends early")
    content.skip(length - (content.place - before))


def _class_name(kind: int) -> str:
    return CLASSES[kind - 1] if 1 <= kind <= len(CLASSES) else f"of class {kind}"


def _array(content: _Content) -> tuple[int, int, tuple[int, ...]]:
    """Class, flags and dimensions, with which an array begins."""
    flags, axes = content.small(), content.small()
    (flags,) = struct.unpack(f"{content.order}I", flags[:4])
    return flags & 0xFF, flags, struct.unpack(f"{content.order}{len(axes) // 4}I", axes)
