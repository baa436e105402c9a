"""Endless Moving MNIST: a function from (seed, split, index) to a sequence."""

import dataclasses
import math

import numpy as np

from vpn_anomaly.data import trajectories
from vpn_anomaly.data.digits import GLYPH, Digits
from vpn_anomaly.data.tensorflow.clips import as_graph_node, overlay_tensors
from vpn_anomaly.errors import UserError

# Runs with different seeds are compared on the same sequences, so these splits have fixed seeds.
EVALUATION_SEEDS = {"validation": 1811, "test": 10228}


def sequence_seed(seed: int, split: str) -> int:
    """The seed of a split's sequences: `seed` for train, a fixed one for the other splits."""
    return EVALUATION_SEEDS.get(split, seed)


@dataclasses.dataclass(frozen=True, eq=False)
class MovingMNIST:
    """Sequences of digits that move over a black frame; where they overlap, the maximum is shown.

    speed: (low, high), in fractions of the free range per frame. channels: 1 for grey, 3 for a random
    colour per digit. train_sequences: size of the train split, 0 for endless. UserError for a frame
    smaller than a digit.
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
        """Number of sequences in a split, None if it is endless."""
        return self.train_sequences or None if split == "train" else None

    def clips(self, seed: int, split: str, index_N) -> np.ndarray:
        """The sequences at these indices, uint8 (N, T, H, W, C)."""
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
        """`clips` in a tf.data graph: NumPy draws the scene, TensorFlow renders it."""

        def scene(index_N):
            return self.scene(seed, split, index_N)

        count = index_N.shape[0]
        glyph_shape = (count, self.digit_count, GLYPH, GLYPH, self.channels)
        corner_shape = (count, self.frames, self.digit_count, 2)
        outputs = [(np.uint8, glyph_shape), (np.int32, corner_shape)]
        return overlay_tensors(*as_graph_node(scene, outputs, index_N), self.height, self.width)

    def scene(self, seed: int, split: str, index_N):
        """The content of sequences: glyphs uint8 (N, D, 28, 28, C), their corners int32 (N, T, D, 2)."""
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
    """Grey glyphs times colour / 255, rounded: uint8 (N, D, 28, 28, C)."""
    product = glyph_NxDx28x28x1.astype(np.uint16) * tint_NxDxC[:, :, None, None]
    return ((product + 127) // 255).astype(np.uint8)


def overlay(glyph_NxDx28x28xC, corner_NxTxDx2, height: int, width: int) -> np.ndarray:
    """Renders glyphs at their corners on black frames, with the maximum where they overlap: (N, T, H, W, C)."""
    sequences, digit_count, _, _, channels = glyph_NxDx28x28xC.shape
    frames = corner_NxTxDx2.shape[1]
    # Columns and channels are merged into one axis: a glyph's row is contiguous in the frame.
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
