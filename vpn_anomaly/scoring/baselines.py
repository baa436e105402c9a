"""Scores without learning: the rows of the table that a model has to beat."""

import numpy as np

from vpn_anomaly.scoring.block_matching import extrapolated, motion_compensated_residual

# The best of 3, 5, 7, 9, 12, 16 and 24 pixels on validation corruptions.
WINDOW_SIZE = 3
# What `constant_velocity` extrapolates from. Chosen on validation by mean break-even accuracy over
# temporal, spatial and both, 256 normal and 256 corrupted sequences of configs/quick.py each: 3 frames
# and the mean squared difference 0.814 (0.957, 0.539, 0.945), absolute 0.805; 2 frames at
# most 0.809, 4 at most 0.797, the largest mean of a window (3, 5, 7, 9 or 13 pixels) at most 0.807.
EARLIER_FRAMES = 3
UNLEARNED_SCORES = (
    "ink_change",
    "frame_difference",
    "frame_difference_windowed",
    "motion_compensated_residual",
    "constant_velocity",
    "constant",
)
PAIR_SCORES = ("frame_difference", "motion_compensated_residual")


def unlearned_scores(clip_BxTxHxWxC: np.ndarray, frame: int) -> dict[str, np.ndarray]:
    """Returns the scores of one frame of each sequence, float64 (B,), by `UNLEARNED_SCORES`.

    - `ink_change`: absolute change of the frame's mean intensity against the frame before, in grey
      levels (0 to 255).
    - `frame_difference`: mean absolute difference to the frame before, in grey levels.
    - `frame_difference_windowed`: the largest such mean over all 3×3 windows inside the frame.
    - `motion_compensated_residual`: what no motion of the frame before explains, the worst 2×2
      window with its best displacement, in squared grey levels.
    - `constant_velocity`: mean squared difference to the frame that the three frames before
      extrapolate to by block matching, in squared grey levels. Where there are only two, their one
      pair tells the motion; where there is only one, it is taken not to move.
    - `constant`: 0, the level of chance.

    Args:
      clip_BxTxHxWxC: uint8, frames of at least 3×3 pixels.
      frame: its number, at least 1.

    Raises:
      ValueError: the frame has none before it.
    """
    if frame < 1:
        raise ValueError(f"frame {frame} has no frame before it; give 1 or more")
    this, before = clip_BxTxHxWxC[:, frame], clip_BxTxHxWxC[:, frame - 1]
    of_pair = pair_scores(this, before)
    expected = extrapolated(clip_BxTxHxWxC[:, max(frame - EARLIER_FRAMES, 0) : frame])
    difference_BxHxW = _absolute_difference(this, before).mean(-1)
    error_BxHxWxC = _absolute_difference(this, expected)
    return {
        "ink_change": np.abs(this.mean((1, 2, 3)) - before.mean((1, 2, 3))),
        "frame_difference": of_pair["frame_difference"],
        "frame_difference_windowed": largest_window_mean(difference_BxHxW, WINDOW_SIZE),
        "motion_compensated_residual": of_pair["motion_compensated_residual"],
        "constant_velocity": np.square(error_BxHxWxC, dtype=np.float64).mean((1, 2, 3)),
        "constant": np.zeros(len(clip_BxTxHxWxC)),
    }


def pair_scores(frame_BxHxWxC: np.ndarray, before_BxHxWxC: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the scores that need one frame before, (B,), by `PAIR_SCORES`; see `unlearned_scores`."""
    return {
        "frame_difference": _absolute_difference(frame_BxHxWxC, before_BxHxWxC).mean((1, 2, 3)),
        "motion_compensated_residual": motion_compensated_residual(frame_BxHxWxC, before_BxHxWxC),
    }


def largest_window_mean(map_BxHxW: np.ndarray, size: int) -> np.ndarray:
    """Returns the largest mean over the size×size windows inside each map, (B,)."""
    windows = np.lib.stride_tricks.sliding_window_view(map_BxHxW, (size, size), axis=(1, 2))
    return windows.mean((3, 4)).max((1, 2))


def _absolute_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """uint8: the larger minus the smaller stays within."""
    return np.maximum(a, b) - np.minimum(a, b)
