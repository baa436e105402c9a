"""Files that would take far more memory than they have bytes, written by hand within a moment."""

import struct
import zlib

import numpy as np

MEGABYTE = 2**20


def zeros(megabytes: int, wrapped=False) -> bytes:
    """So many zeros, deflated: one megabyte, again and again; wrapped: as zlib has it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return (b"\x78\x9c" if wrapped else b"") + once * megabytes


def npy_header(shape, dtype="|u1", version=(1, 0), text=None) -> bytes:
    """The header of a .npy; text: what it says instead."""
    text = (text or repr({"descr": dtype, "fortran_order": False, "shape": tuple(shape)})).encode() + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text


def write_npy(path, shape, dtype="|u1", size=None, **header):
    """A .npy without content on the disk, of the size that its header says, or of another."""
    start = npy_header(shape, dtype, **header)
    with open(path, "wb") as file:
        file.write(start)
        whole = len(start) + int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
        file.truncate(whole if size is None else size)


def write_npz(path, shape, dtype="|u1", megabytes=20, names=("sequences",), declared=None, flags=0):
    """A .npz whose arrays have this header and then so many megabytes of deflated zeros.

    declared: bytes that the archive says each one has; None: as the header says.
    """
    header = npy_header(shape, dtype)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    content = start + zeros(megabytes)
    size = len(header) + int(np.prod(shape, dtype=object)) if declared is None else declared
    directory, place = [], 0
    with open(path, "wb") as file:
        for name in (f"{name}.npy".encode() for name in names):
            # A long archive (zip64): the sizes stand behind the name.
            sizes = struct.pack("<HHQQ", 1, 16, size, len(content))
            common = struct.pack(
                "<HHHHHIIIHH", 45, flags, 8, 0, 33, 0, *[2**32 - 1] * 2, len(name), len(sizes)
            )
            place = file.tell()
            file.write(b"PK\3\4" + common + name + sizes + content)
            directory.append(
                b"PK\1\2"
                + struct.pack("<H", 45)
                + common
                + struct.pack("<HHHII", 0, 0, 0, 0, place)
                + name
                + sizes
            )
        write_directory(file, directory)


def write_directory(file, entries) -> None:
    """The end of a zip."""
    place, length = file.tell(), sum(map(len, entries))
    file.write(b"".join(entries))
    count = min(len(entries), 2**16 - 1)
    file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, length, place, 0))


def matlab_array(kind: int, axes, content=b"", name="", flags=0, length=None) -> bytes:
    """An array of a MATLAB v5 file; length: what it says to have."""
    body = (
        struct.pack("<IIII", 6, 8, kind | flags, 0)
        + _element(5, struct.pack(f"<{len(axes)}I", *axes))
        + _element(1, name.encode())
        + content
    )
    return struct.pack("<II", 14, len(body) if length is None else length) + body


def matlab_zeros(height=32, width=32) -> bytes:
    """A cell, a matrix of bytes."""
    return matlab_array(9, (height, width), _element(2, bytes(height * width)))


def matlab_ones(height: int, width: int) -> bytes:
    """A cell, a matrix of ones."""
    return matlab_array(9, (height, width), _element(2, b"\1" * (height * width)))


def write_matlab(path, *variables: bytes) -> None:
    """A v5 file of these arrays, each deflated unless it is already."""
    with open(path, "wb") as file:
        file.write(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM")
        for variable in variables:
            packed = variable if variable[:1] == b"\x78" else zlib.compress(variable)
            file.write(struct.pack("<II", 15, len(packed)) + packed)


def long_matlab_array(array: bytes, megabytes: int) -> bytes:
    """The array, deflated, followed by so many megabytes of zeros."""
    packer = zlib.compressobj(9)
    return packer.compress(array) + packer.flush(zlib.Z_FULL_FLUSH) + zeros(megabytes)


def png(width: int, height: int) -> bytes:
    """The beginning of a grey PNG of this size."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + _chunk(b"IEND", b"")
    )


def bmp(width: int, height: int) -> bytes:
    """The beginning of a BMP of this size."""
    return (
        b"BM"
        + struct.pack("<IHHI", 10_000, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 1, 1, 0, 0)
        + bytes(10_000)
    )


def tiff(width: int, height: int) -> bytes:
    """The beginning of a grey TIFF of this size."""
    tags = (
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, height),
        (279, 10_000),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return (
        b"II*\0"
        + struct.pack("<I", 10_008)
        + bytes(10_000)
        + struct.pack("<H", len(tags))
        + entries
        + bytes(4)
    )


def enlarge(path, width: int, height: int) -> None:
    """Writes another frame size into the header of an AVI or Matroska file of 640×480."""
    content = bytearray(path.read_bytes())
    for before, order, old, new in (
        (b"", "<II", (640, 480), (width, height)),  # AVI
        (b"\xb0\x82", ">H", (640,), (width,)),
        (b"\xba\x82", ">H", (480,), (height,)),
    ):
        found, put = before + struct.pack(order, *old), before + struct.pack(order, *new)
        content[:2000] = content[:2000].replace(found, put)
    path.write_bytes(content)


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data.ljust(-(-len(data) // 8) * 8, b"\0")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
