"""Images of more than 8 bits, written byte by byte as their formats say."""

import struct
import zlib

import numpy as np

# TIFF: what a sample is, by numpy's kind of number; types of a tag's values.
SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}
SHORT, LONG = 3, 4


def png(values_HxWxC):
    """A PNG of 16 bits, of 1 to 4 channels (grey, with alpha, RGB, with alpha)."""
    height, width, channels = values_HxWxC.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values_HxWxC)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def tiff(pages, order="<", white_is_zero=False, bits=None, subfile_types=None):
    """A TIFF without compression, a page for each array (H, W) or (H, W, 3) of any number type.

    order: "<" or ">". bits: of a sample that is packed, which the rows are given as (bytes (H, N)).
    subfile_types: NewSubfileType of the pages.
    """
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    link = 4  # where the place of the next page is written
    for number, values in enumerate(pages):
        height, width = values.shape[:2]
        channels = values.shape[2] if values.ndim == 3 else 1
        if bits:
            width = width * 8 // bits
        data = values.astype(values.dtype.newbyteorder(order)).tobytes()
        start = len(out)
        out += data + b"\0" * (len(data) % 2)
        sample = bits or 8 * values.dtype.itemsize
        several = len(out)
        out += struct.pack(order + "4H", *[sample] * 4)
        tags = {
            256: (LONG, width),
            257: (LONG, height),
            259: (SHORT, 1),
            258: (SHORT, sample) if channels == 1 else (SHORT, several, channels),
            262: (SHORT, 2 if channels > 1 else 0 if white_is_zero else 1),
            273: (LONG, start),
            277: (SHORT, channels),
            278: (LONG, height),
            279: (LONG, len(data)),
            339: (SHORT, SAMPLE_FORMATS[values.dtype.kind]),
        }
        if channels > 1:
            del tags[339]
        if subfile_types:
            tags[254] = LONG, subfile_types[number]
        struct.pack_into(order + "I", out, link, len(out))
        out += struct.pack(order + "H", len(tags))
        for tag, (kind, value, *count) in sorted(tags.items()):
            out += struct.pack(order + "HHI", tag, kind, *(count or [1]))
            out += struct.pack(
                order + ("HH" if kind == SHORT and not count else "I"),
                *([value, 0] if kind == SHORT and not count else [value]),
            )
        link = len(out)
        out += b"\0\0\0\0"
    return bytes(out)


def pixmap(values, greatest=65535, plain=False):
    """A PGM (H, W) or PPM (H, W, 3) of more than 8 bits."""
    height, width = values.shape[:2]
    kind = {(2, False): "P5", (3, False): "P6", (2, True): "P2", (3, True): "P3"}[values.ndim, plain]
    header = f"{kind}\n{width} {height}\n{greatest}\n".encode()
    body = " ".join(map(str, values.ravel())).encode() if plain else values.astype(">u2").tobytes()
    return header + body


def packed_12(values_HxW):
    """The rows of 12 bits a pixel, uint8 (H, 1.5 W)."""
    even, odd = values_HxW[:, ::2].astype(int), values_HxW[:, 1::2].astype(int)
    packed = [even >> 4, (even & 15) << 4 | odd >> 8, odd & 255]
    return np.stack(packed, axis=-1).reshape(len(values_HxW), -1).astype(np.uint8)
