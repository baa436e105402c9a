"""Scores without learning: the rows of the table that a model has to beat."""

import numpy as np

# The best of 3, 5, 7, 9, 12, 16 and 24 pixels on validation corruptions.
WINDOW_SIZE = 3
UNLEARNED_SCORES = ("frame_difference", "frame_difference_windowed", "constant")


def unlearned_scores(clip_BxTxHxWxC: np.ndarray, frame: int) -> dict[str, np.ndarray]:
    """Returns the scores of one frame of each sequence, float64 (B,), by `UNLEARNED_SCORES`.

    - `frame_difference`: mean absolute difference to the frame before, in grey levels (0 to 255).
    - `frame_difference_windowed`: the largest such mean over all 3×3 windows inside the frame.
    - `constant`: 0, the level of chance.

    Args:
      clip_BxTxHxWxC: uint8.
      frame: its number, at least 1.

    Raises:
      ValueError: the frame has none before it.
    """
    if frame < 1:
        raise ValueError(f"frame {frame} has no frame before it; give 1 or more")
    this, before = clip_BxTxHxWxC[:, frame], clip_BxTxHxWxC[:, frame - 1]
    # The larger minus the smaller stays within uint8.
    difference_BxHxW = (np.maximum(this, before) - np.minimum(this, before)).mean(-1)
    return {
        "frame_difference": difference_BxHxW.mean((1, 2)),
        "frame_difference_windowed": largest_window_mean(difference_BxHxW, WINDOW_SIZE),
        "constant": np.zeros(len(clip_BxTxHxWxC)),
    }


def largest_window_mean(map_BxHxW: np.ndarray, size: int) -> np.ndarray:
    """Returns the largest mean over the size×size windows inside each map, (B,)."""
    windows = np.lib.stride_tricks.sliding_window_view(map_BxHxW, (size, size), axis=(1, 2))
    return windows.mean((3, 4)).max((1, 2))
