"""Corruptions of the last frame, and the pixels that they change (paper, section 4).

- `temporal`: the last frame is replaced by the first.
- `spatial`: a black 3×3 square, clipped to the frame, centred on a pixel drawn uniformly from those
  whose largest channel is at least 128.
- `both`: temporal, then spatial on the replaced frame; the paper's corruption.
- `mixed`: temporal or spatial, each with probability one half.

The random numbers of a sequence are the same for every kind: `spatial` and `mixed` draw the same
squares.
"""

import dataclasses

import numpy as np

from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform
from vpn_anomaly.errors import UserError

CORRUPTIONS = ("temporal", "spatial", "both", "mixed")
BRIGHT = 128  # the smallest intensity of a pixel on which a square may be centred
REACH = 1  # pixels from the paper's square's centre to its edge
FILLS = ("black", "grey", "noise")
GREY = 128  # intensity


@dataclasses.dataclass(frozen=True)
class Square:
    """What is put on a digit; by default the paper's.

    Attributes:
        size: its side, pixels. Of an even one, the centre is the upper left of the four pixels in the middle.
        fill: black, grey (128), or noise (every pixel uniform in 0..255).
    """

    size: int = 2 * REACH + 1
    fill: str = "black"

    def __post_init__(self):
        if self.size < 1 or self.fill not in FILLS:
            raise ValueError(
                f"a square of size {self.size} and fill {self.fill!r}: 1 or more, {', '.join(FILLS)}"
            )


def corrupt(clip_BxTxHxWxC, kind: str, seed: int, split: str, index_B, square: Square = Square()):
    """The clips with a corrupted last frame, and which of its pixels changed, bool (B, H, W).

    Squares of any kind are centred on the same pixels. Does not modify its input. A temporal corruption changes
    nothing if the first and last frame are equal. UserError for an unknown kind, and if a square has to be put
    into a frame without a bright pixel.
    """
    temporal_B, spatial_B, pixel_bits_B = draw_corruptions(kind, seed, split, index_B)
    last_BxHxWxC = clip_BxTxHxWxC[:, -1]
    frame_BxHxWxC = np.where(temporal_B[:, None, None, None], clip_BxTxHxWxC[:, 0], last_BxHxWxC)
    bright_BxHxW = frame_BxHxWxC.max(axis=-1) >= BRIGHT
    check_bright(bright_BxHxW.any(axis=(1, 2)), spatial_B, index_B)
    square_BxHxW = _square(bright_BxHxW, pixel_bits_B, square.size) & spatial_B[:, None, None]
    fill_BxHxWxC = _filling(square.fill, frame_BxHxWxC.shape, seed, split, index_B)
    frame_BxHxWxC = np.where(square_BxHxW[..., None], fill_BxHxWxC, frame_BxHxWxC)
    corrupted_BxTxHxWxC = np.array(clip_BxTxHxWxC)
    corrupted_BxTxHxWxC[:, -1] = frame_BxHxWxC
    return corrupted_BxTxHxWxC, (frame_BxHxWxC != last_BxHxWxC).any(axis=-1)


def draw_corruptions(kind: str, seed: int, split: str, index_B):
    """Each sequence's corruption: temporal bool (B,), spatial bool (B,), random bits to choose a pixel (B,)."""
    if kind not in CORRUPTIONS:
        raise UserError(f"unknown corruption {kind}; allowed: {', '.join(CORRUPTIONS)}")
    bits_Bx2 = random_bits(seed, split, index_B, "corruption", 2)
    first_half_B = bits_Bx2[:, 0] < 2**31
    every_B = np.ones_like(first_half_B)
    temporal_B, spatial_B = {
        "temporal": (every_B, ~every_B),
        "spatial": (~every_B, every_B),
        "both": (every_B, every_B),
        "mixed": (first_half_B, ~first_half_B),
    }[kind]
    return temporal_B, spatial_B, bits_Bx2[:, 1]


def check_bright(bright_B, spatial_B, index_B) -> None:
    """Raises UserError if a sequence that gets a square has no bright pixel to centre it on."""
    dark_B = spatial_B & ~np.asarray(bright_B)
    if dark_B.any():
        raise UserError(
            f"sequence {np.asarray(index_B)[dark_B][0]} has no pixel of at least {BRIGHT} in the"
            " frame to corrupt, where a black square could be seen; leave spatial, both and mixed"
            " out of evaluate.corruptions for this data"
        )


def _filling(fill: str, shape, seed: int, split: str, index_B) -> np.ndarray:
    """What squares show, a frame of it each: uint8 (B, H, W, C), or what broadcasts to it."""
    if fill == "noise":
        bits = random_bits(seed, split, index_B, "noise", int(np.prod(shape[1:])))
        return np.floor(256 * uniform(bits)).astype(np.uint8).reshape(shape)
    return np.uint8({"black": 0, "grey": GREY}[fill])


def _square(bright_BxHxW, pixel_bits_B, size: int) -> np.ndarray:
    """A square around a uniformly drawn bright pixel, bool (B, H, W)."""
    _, height, width = bright_BxHxW.shape
    count_BxP = np.cumsum(bright_BxHxW.reshape(len(bright_BxHxW), -1), axis=-1)
    chosen_B = integers_below(pixel_bits_B, count_BxP[:, -1])
    row_B, column_B = np.divmod(np.sum(count_BxP <= chosen_B[:, None], axis=-1), width)
    near_row_BxH, near_column_BxW = (
        (0 <= from_edge) & (from_edge < size)
        for from_edge in (
            np.arange(length) - centre_B[:, None] + (size - 1) // 2
            for length, centre_B in ((height, row_B), (width, column_B))
        )
    )
    return near_row_BxH[:, :, None] & near_column_BxW[:, None, :]
