"""Scores without learning: the rows of the table that a model has to beat. To add one, add its row to BASELINES.

As of all scores, a higher one is of a more anomalous frame.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from vpn_anomaly.scoring.block_matching import extrapolated, motion_compensated_residual

# The best of 3, 5, 7, 9, 12, 16 and 24 pixels on validation corruptions.
WINDOW_SIZE = 3
# What `constant_velocity` extrapolates from. Chosen on validation by mean break-even accuracy over
# temporal, spatial and both, 256 normal and 256 corrupted sequences of configs/quick.py each: 3 frames
# and the mean squared difference 0.814 (0.957, 0.539, 0.945), absolute 0.805; 2 frames at
# most 0.809, 4 at most 0.797, the largest mean of a window (3, 5, 7, 9 or 13 pixels) at most 0.807.
EARLIER_FRAMES = 3


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A score without learning.

    Attributes:
        name: of its column in files and tables.
        function: (frame, earlier) to scores, float64 (B,): uint8 frames (B, H, W, C) of at least 3×3
            pixels, and the frames before them (B, K, H, W, C), K ≥ 1, the last of them the newest.
        unit: of the score.
        meaning: what it is, in a line.
        in_videos: whether evaluations of labelled videos have it too; such a baseline looks at one
            frame before.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    unit: str
    meaning: str
    in_videos: bool = False


def baseline_scores(clip_BxTxHxWxC: np.ndarray, frame: int) -> dict[str, np.ndarray]:
    """Returns the scores of one frame of each sequence, float64 (B,), by name as in BASELINES.

    Args:
      clip_BxTxHxWxC: uint8, frames of at least 3×3 pixels.
      frame: its number, at least 1.

    Raises:
      ValueError: the frame has none before it.
    """
    if frame < 1:
        raise ValueError(f"frame {frame} has no frame before it; give 1 or more")
    this, earlier = clip_BxTxHxWxC[:, frame], clip_BxTxHxWxC[:, :frame]
    return {baseline.name: baseline.function(this, earlier) for baseline in BASELINES}


def video_baseline_scores(frame_BxHxWxC: np.ndarray, before_BxHxWxC: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the scores of VIDEO_BASELINES by name, (B,), from frames and those before them."""
    earlier_Bx1xHxWxC = before_BxHxWxC[:, None]
    return {
        baseline.name: baseline.function(frame_BxHxWxC, earlier_Bx1xHxWxC)
        for baseline in BASELINES
        if baseline.in_videos
    }


def largest_window_mean(map_BxHxW: np.ndarray, size: int) -> np.ndarray:
    """Returns the largest mean over the size×size windows inside each map, (B,)."""
    windows = np.lib.stride_tricks.sliding_window_view(map_BxHxW, (size, size), axis=(1, 2))
    return windows.mean((3, 4)).max((1, 2))


def _ink_change(frame_BxHxWxC, earlier_BxKxHxWxC):
    return np.abs(frame_BxHxWxC.mean((1, 2, 3)) - earlier_BxKxHxWxC[:, -1].mean((1, 2, 3)))


def _frame_difference(frame_BxHxWxC, earlier_BxKxHxWxC):
    return _absolute_difference(frame_BxHxWxC, earlier_BxKxHxWxC[:, -1]).mean((1, 2, 3))


def _frame_difference_windowed(frame_BxHxWxC, earlier_BxKxHxWxC):
    difference_BxHxW = _absolute_difference(frame_BxHxWxC, earlier_BxKxHxWxC[:, -1]).mean(-1)
    return largest_window_mean(difference_BxHxW, WINDOW_SIZE)


def _motion_compensated_residual(frame_BxHxWxC, earlier_BxKxHxWxC):
    return motion_compensated_residual(frame_BxHxWxC, earlier_BxKxHxWxC[:, -1])


def _constant_velocity(frame_BxHxWxC, earlier_BxKxHxWxC):
    """Where there are only two frames, their one pair tells the motion; one is taken not to move."""
    expected_BxHxWxC = extrapolated(earlier_BxKxHxWxC[:, -EARLIER_FRAMES:])
    error_BxHxWxC = _absolute_difference(frame_BxHxWxC, expected_BxHxWxC)
    return np.square(error_BxHxWxC, dtype=np.float64).mean((1, 2, 3))


def _constant(frame_BxHxWxC, earlier_BxKxHxWxC):
    return np.zeros(len(frame_BxHxWxC))


def _absolute_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """uint8: the larger minus the smaller stays within."""
    return np.maximum(a, b) - np.minimum(a, b)


BASELINES = (
    Baseline(
        "ink_change",
        _ink_change,
        "grey levels (0 to 255)",
        "absolute change of the frame's mean intensity since the frame before",
    ),
    Baseline(
        "frame_difference",
        _frame_difference,
        "grey levels (0 to 255)",
        "mean absolute difference to the frame before",
        in_videos=True,
    ),
    Baseline(
        "frame_difference_windowed",
        _frame_difference_windowed,
        "grey levels (0 to 255)",
        "the largest mean absolute difference to the frame before over all 3×3 windows inside the frame",
    ),
    Baseline(
        "motion_compensated_residual",
        _motion_compensated_residual,
        "squared grey levels",
        "what no motion of the frame before explains: the worst 2×2 window with its best displacement",
        in_videos=True,
    ),
    Baseline(
        "constant_velocity",
        _constant_velocity,
        "squared grey levels",
        "mean squared difference to the frame that block matching extrapolates from the three before",
    ),
    Baseline("constant", _constant, "", "0, the level of chance"),
)
VIDEO_BASELINES = tuple(baseline.name for baseline in BASELINES if baseline.in_videos)
