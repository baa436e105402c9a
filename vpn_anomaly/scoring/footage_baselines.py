"""Scores of footage without learning: rows that a model has to beat. To add one, add its row to FOOTAGE_BASELINES.

They see grey frames of at most 240×360 pixels, whatever a model sees; windows have the size of a thing in such
frames, and scale with the frame. As of all scores, a higher one is of a more anomalous frame.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from vpn_anomaly.scoring import matched_speed
from vpn_anomaly.scoring.nearest_normal_window import largest_distance, median_picture, normal_windows
from vpn_anomaly.scoring.windowed_maps import window_means

HEIGHT, WIDTH = 240, 360  # of the largest frames that the rows see
WINDOW = 18  # pixels, of such frames


@dataclasses.dataclass(frozen=True)
class FootageBaseline:
    """A score of the frames of footage, without learning.

    Attributes:
      name: of its column in files and tables.
      function: of a frame and an earlier one, uint8 (H, W), and of what was fitted, to a score.
      unit: of the score.
      meaning: what it is, in a line.
      before: how many frames earlier that one is; 0: it is the frame itself, and not looked at.
      fit: from pairs of normal frames, each with the one before it, uint8 (N, 2, H, W), to what the
        function needs of them; None: nothing.
      cheap: it takes milliseconds per frame and no normal footage.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray, Any], float]
    unit: str
    meaning: str
    before: int
    fit: Callable[[np.ndarray], Any] | None = None
    cheap: bool = False


def chosen_baselines(which: str) -> tuple[FootageBaseline, ...]:
    """The rows that evaluate.baselines names: "cheap" or "all"."""
    return tuple(baseline for baseline in FOOTAGE_BASELINES if baseline.cheap or which == "all")


def scale(size: tuple[int, int]) -> float:
    """The side of frames of a size (height, width) as a part of that of 240×360 pixels."""
    return math.sqrt(size[0] * size[1] / (HEIGHT * WIDTH))


def window_side(size: tuple[int, int]) -> int:
    """The side of a window in frames of a size, pixels."""
    return max(1, round(WINDOW * scale(size)))


def _largest_windowed_difference(frame_HxW, other_HxW, _=None):
    difference_HxW = np.abs(frame_HxW.astype(np.float64) - other_HxW)
    return float(window_means(difference_HxW, window_side(frame_HxW.shape)).max())


def _foreground(frame_HxW, _, background_HxW):
    return _largest_windowed_difference(frame_HxW, background_HxW)


def _matched_speed(frame_HxW, before_HxW, _):
    return matched_speed.largest_speed(frame_HxW, before_HxW, scale(frame_HxW.shape))


def _nearest_normal_window(frame_HxW, before_HxW, normal):
    return largest_distance(frame_HxW, before_HxW, normal, window_side(frame_HxW.shape))


def _normal_windows(pair_Nx2xHxW):
    return normal_windows(pair_Nx2xHxW, window_side(pair_Nx2xHxW.shape[2:]))


FOOTAGE_BASELINES = (
    FootageBaseline(
        "largest_windowed_difference",
        _largest_windowed_difference,
        "grey levels (0 to 255)",
        "the largest mean absolute difference to the frame before over windows of 18×18 pixels",
        before=1,
        cheap=True,
    ),
    FootageBaseline(
        "foreground",
        _foreground,
        "grey levels (0 to 255)",
        "the largest mean absolute difference to the median picture of the normal footage over such windows",
        before=0,
        fit=median_picture,
    ),
    FootageBaseline(
        "matched_speed",
        _matched_speed,
        "pixels per frame",
        "the largest speed of windows of 26×26 pixels over 4 frames by block matching, smoothed by a 3×3 median",
        before=matched_speed.FRAMES,
    ),
    FootageBaseline(
        "nearest_normal_window",
        _nearest_normal_window,
        "standard deviations",
        "the largest distance of windows of 18×18 pixels, by difference and edges, to the nearest normal one",
        before=1,
        fit=_normal_windows,
    ),
)
FOOTAGE_BASELINE_NAMES = tuple(baseline.name for baseline in FOOTAGE_BASELINES)
