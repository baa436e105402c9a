"""How far the windows of a frame are from those of normal footage. numpy and scipy only, no network.

A window is described by what changes in it, on average and by its root mean square, and by the edges of what
stands before the background, the median picture of the normal footage.
"""

import dataclasses

import numpy as np
from scipy.spatial import cKDTree

from vpn_anomaly.scoring.windowed_maps import window_means

EXEMPLARS = 20_000  # normal windows at most
STEPS_PER_WINDOW = 3  # windows begin at every third of their side
FOREGROUND = 20  # grey levels by which a pixel differs from the background
SEED = 20181126


@dataclasses.dataclass(frozen=True, eq=False)
class NormalWindows:
    """Windows of normal footage.

    Attributes:
      background_HxW: the median picture.
      spread_3: standard deviation of each feature over the exemplars, which distances are in.
      tree: of the exemplars in these units.
    """

    background_HxW: np.ndarray
    spread_3: np.ndarray
    tree: cKDTree


def normal_windows(pair_Nx2xHxW: np.ndarray, side: int) -> NormalWindows:
    """Returns windows of normal pairs of a frame and the one after it, as many of each, drawn at random.

    Args:
      pair_Nx2xHxW: uint8.
      side: of a window, pixels.
    """
    rng = np.random.default_rng(SEED)
    background_HxW = median_picture(pair_Nx2xHxW)
    of_each = -(-EXEMPLARS // len(pair_Nx2xHxW))
    parts = []
    for before_HxW, frame_HxW in pair_Nx2xHxW:
        window_Wx3 = features(frame_HxW, before_HxW, background_HxW, side)
        parts.append(window_Wx3[rng.permutation(len(window_Wx3))[:of_each]])
    exemplar_Ex3 = np.concatenate(parts)[:EXEMPLARS]
    spread_3 = exemplar_Ex3.std(0)
    spread_3[spread_3 == 0] = 1
    return NormalWindows(background_HxW, spread_3, cKDTree(exemplar_Ex3 / spread_3))


def largest_distance(
    frame_HxW: np.ndarray, before_HxW: np.ndarray, normal: NormalWindows, side: int
) -> float:
    """Returns the largest distance of a window of the frame to the nearest normal one, in standard deviations."""
    window_Wx3 = features(frame_HxW, before_HxW, normal.background_HxW, side)
    distance_W, _ = normal.tree.query(window_Wx3 / normal.spread_3)
    return float(distance_W.max())


def features(frame_HxW, before_HxW, background_HxW, side: int) -> np.ndarray:
    """Returns the features of the windows of a frame, (windows, 3), in grey levels:

    - mean absolute difference to the frame before;
    - root mean square of this difference;
    - mean slope of grey levels, counted as 0 where the frame is within FOREGROUND of the background.

    Windows lie inside the frame and begin at STEPS_PER_WINDOW places per side, the last at the border.
    """
    frame_HxW = frame_HxW.astype(np.float64)
    difference_HxW = np.abs(frame_HxW - before_HxW)
    slope_HxW = np.hypot(*np.gradient(frame_HxW))
    slope_HxW[np.abs(frame_HxW - background_HxW) <= FOREGROUND] = 0
    windows = [window_means(one, side) for one in (difference_HxW, difference_HxW**2, slope_HxW)]
    places = np.ix_(*(_places(count, side) for count in windows[0].shape))
    mean, square, edges = (one[places].ravel() for one in windows)
    return np.stack([mean, np.sqrt(np.maximum(square, 0)), edges], -1)


def median_picture(pair_Nx2xHxW: np.ndarray) -> np.ndarray:
    """Returns the median of the second frames of all pairs, pixel by pixel, float64 (H, W)."""
    return np.median(pair_Nx2xHxW[:, 1], axis=0)


def _places(count: int, side: int) -> np.ndarray:
    """Evenly spread numbers of windows along an axis that has `count` of them, the first and the last among them."""
    steps = -(-(count - 1) * STEPS_PER_WINDOW // side)
    return np.linspace(0, count - 1, steps + 1).round().astype(int)
