"""Moving MNIST without end: (seed, split, index) -> sequence."""

import dataclasses
import math

import numpy as np

from vpn_anomaly.data import trajectories
from vpn_anomaly.data.digits import GLYPH, Digits
from vpn_anomaly.data.tensorflow.clips import as_graph_node, overlay_tensors
from vpn_anomaly.errors import UserError

# Runs of different seeds are compared on the same sequences, so these two splits have their own.
EVALUATION_SEEDS = {"validation": 1811, "test": 10228}


def sequence_seed(seed: int, split: str) -> int:
    """The seed of a split's sequences: the given one for train, a fixed one otherwise."""
    return EVALUATION_SEEDS.get(split, seed)


@dataclasses.dataclass(frozen=True, eq=False)
class MovingMNIST:
    """Sequences of digits that move over a black frame and overlap by maximum.

    speed: (low, high) in parts of the free range a frame. channels: 1 grey, 3 each digit in a
    colour of its own. train_sequences: how many the train split has, 0 for no end. UserError for a
    frame smaller than a digit.
    """

    digits: Digits
    frames: int = 20
    height: int = 64
    width: int = 64
    digit_count: int = 2
    channels: int = 1
    trajectory: str = "original"
    speed: tuple[float, float] = (0.1, 0.1)
    train_sequences: int = 0

    def __post_init__(self):
        if min(self.height, self.width) < GLYPH:
            raise UserError(
                f"data.height={self.height} data.width={self.width}: a digit is {GLYPH}x{GLYPH}"
                f" pixels; set both to {GLYPH} or more"
            )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Frames, height, width and channels of a sequence."""
        return self.frames, self.height, self.width, self.channels

    def length(self, split: str) -> int | None:
        """Number of sequences of a split, None when there is no end."""
        return self.train_sequences or None if split == "train" else None

    def clips(self, seed: int, split: str, index_N) -> np.ndarray:
        """The sequences of these indices, uint8 (N, T, H, W, C)."""
        return overlay(*self.scene(seed, split, index_N), self.height, self.width)

    def most_segments(self, split: str) -> float:
        """Infinite: a sequence can have any length."""
        return math.inf

    def segments(self, seed: int, split: str, index_N, segment: int, count: int) -> np.ndarray:
        """Segment number `segment` of the long sequences of these indices, uint8 (N, T, H, W, C).

        Each begins with the last frame of the one before; number 0 is the sequence itself. A
        segment does not depend on their `count`.
        """
        stride = self.frames - 1
        longer = dataclasses.replace(self, frames=segment * stride + self.frames)
        glyphs, corner_NxTxDx2 = longer.scene(seed, split, index_N)
        return overlay(glyphs, corner_NxTxDx2[:, segment * stride :], self.height, self.width)

    def graph_clips(self, seed: int, split: str, index_N):
        """`clips` in a tf.data graph: the scene from numpy, the pixels by TensorFlow."""

        def scene(index_N):
            return self.scene(seed, split, index_N)

        count = index_N.shape[0]
        glyph_shape = (count, self.digit_count, GLYPH, GLYPH, self.channels)
        corner_shape = (count, self.frames, self.digit_count, 2)
        outputs = [(np.uint8, glyph_shape), (np.int32, corner_shape)]
        return overlay_tensors(*as_graph_node(scene, outputs, index_N), self.height, self.width)

    def scene(self, seed: int, split: str, index_N):
        """What a sequence shows: glyphs uint8 (N, D, 28, 28, C), and corners int32 (N, T, D, 2)."""
        draw = (sequence_seed(seed, split), split, index_N)
        glyphs = self.digits.of_split(split)
        choice_NxD = trajectories.digit_choices(*draw, self.digit_count, len(glyphs))
        glyph_NxDx28x28xC = glyphs[choice_NxD][..., None]
        if self.channels == 3:
            tint_NxDxC = trajectories.tints(*draw, self.digit_count)
            glyph_NxDx28x28xC = tinted(glyph_NxDx28x28xC, tint_NxDxC)
        corner_NxTxDx2 = trajectories.positions(
            *draw,
            frames=self.frames,
            digit_count=self.digit_count,
            height=self.height,
            width=self.width,
            rule=self.trajectory,
            speed=self.speed,
        )
        return glyph_NxDx28x28xC, corner_NxTxDx2


def tinted(glyph_NxDx28x28x1, tint_NxDxC) -> np.ndarray:
    """Grey glyphs times a colour over 255, rounded: uint8 (N, D, 28, 28, C)."""
    product = glyph_NxDx28x28x1.astype(np.uint16) * tint_NxDxC[:, :, None, None]
    return ((product + 127) // 255).astype(np.uint8)


def overlay(glyph_NxDx28x28xC, corner_NxTxDx2, height: int, width: int) -> np.ndarray:
    """Glyphs put at their corners on black frames, the maximum where they meet: (N, T, H, W, C)."""
    sequences, digit_count, _, _, channels = glyph_NxDx28x28xC.shape
    frames = corner_NxTxDx2.shape[1]
    # Columns and channels are one axis here: a row of a glyph is one run of bytes in the frame.
    clip_NxTxHxWC = np.zeros((sequences, frames, height, width * channels), np.uint8)
    window = np.lib.stride_tricks.sliding_window_view(
        clip_NxTxHxWC, (GLYPH, GLYPH * channels), axis=(2, 3), writeable=True
    )
    glyph_NxDx28x28C = glyph_NxDx28x28xC.reshape(sequences, digit_count, GLYPH, GLYPH * channels)
    sequence_Nx1, frame_T = np.arange(sequences)[:, None], np.arange(frames)
    for digit in range(digit_count):
        row_NxT, column_NxT = np.moveaxis(corner_NxTxDx2[:, :, digit], -1, 0)
        place = (sequence_Nx1, frame_T, row_NxT, column_NxT * channels)
        window[place] = np.maximum(window[place], glyph_NxDx28x28C[:, None, digit])
    return clip_NxTxHxWC.reshape(sequences, frames, height, width, channels)
