"""Where in a frame: one box round the anomalous region."""

import functools
from typing import NamedTuple

import numpy as np

from vpn_anomaly.scoring.windows import VARIANCE_FLOOR
from vpn_anomaly.systems.system import WINDOWS

# Where a window lies half on an evenly anomalous thing and half beside it, z is half as high.
OF_PEAK = 0.5


class Box(NamedTuple):
    """Rows top … bottom − 1 and columns left … right − 1, in pixels."""

    top: int
    left: int
    bottom: int
    right: int


def anomalous_box(residual_HxW, variance_HxW, counted_HxW, sizes: tuple[int, ...] = WINDOWS) -> Box | None:
    """The box of the window that deviates most, of all window sizes of the scores.

    It follows `missing_z` and `intruding_z` of `evaluation.scores`, but windows also lie partly
    outside the frame, so that a box can reach its edge.

    Args:
      residual_HxW: how far each pixel deviates in the direction in question: value less mean.
      variance_HxW: what variance was predicted. For a map without: ones.
      counted_HxW: bool, the pixels that count.
      sizes: sides of the windows, pixels; odd.

    Returns:
      The box round `peak_region`; None where nothing counts or nothing deviates.
    """
    maps = (window_z(residual_HxW, variance_HxW, counted_HxW, size) for size in sizes)
    region_HxW = peak_region(max(maps, key=np.max))
    return box_round(region_HxW) if region_HxW.any() else None


def window_z(residual_HxW, variance_HxW, counted_HxW, size: int) -> np.ndarray:
    """Σ residual / sqrt(Σ variance + VARIANCE_FLOOR) of the window round each pixel, (H, W).

    The sums are over the counted pixels of a size×size window (size is odd) as far as it lies in
    the frame. −∞ where the pixel itself does not count, or is NaN.
    """
    residual_HxW = np.asarray(residual_HxW, np.float64)
    counted_HxW = counted_HxW & np.isfinite(residual_HxW)
    excess = _window_sum(np.where(counted_HxW, residual_HxW, 0), size)
    variance = _window_sum(np.where(counted_HxW, np.asarray(variance_HxW, np.float64), 0), size)
    return np.where(counted_HxW, excess / np.sqrt(variance + VARIANCE_FLOOR), -np.inf)


def peak_region(z_HxW: np.ndarray) -> np.ndarray:
    """The pixels above half of the maximum that hang together with it, bool (H, W).

    Neighbours are the eight round a pixel. Empty where no z is positive.
    """
    peak = np.unravel_index(np.argmax(z_HxW), z_HxW.shape)
    return region_of(peak, z_HxW > OF_PEAK * z_HxW[peak])


def region_of(seed: tuple[int, int], inside_HxW: np.ndarray) -> np.ndarray:
    """The pixels of `inside` that eight-neighbours connect with the seed, bool (H, W)."""
    grown_HxW = np.zeros_like(inside_HxW)
    grown_HxW[seed] = inside_HxW[seed]
    region_HxW = ~grown_HxW
    while not np.array_equal(grown_HxW, region_HxW):
        region_HxW = grown_HxW
        grown_HxW = _with_neighbours(region_HxW) & inside_HxW
    return region_HxW


def box_round(region_HxW: np.ndarray) -> Box:
    """The smallest box round the true pixels, of which there is at least one."""
    rows, columns = (np.flatnonzero(region_HxW.any(axis)).tolist() for axis in (1, 0))
    return Box(rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)


def _with_neighbours(region_HxW: np.ndarray) -> np.ndarray:
    """The region and the eight neighbours of each of its pixels."""
    wider = region_HxW.copy()
    wider[1:] |= region_HxW[:-1]
    wider[:-1] |= region_HxW[1:]
    grown = wider.copy()
    grown[:, 1:] |= wider[:, :-1]
    grown[:, :-1] |= wider[:, 1:]
    return grown


def _window_sum(map_HxW: np.ndarray, size: int) -> np.ndarray:
    """Sums of shifted copies: unlike running sums they lose no digits beside a loud window."""
    for axis in (0, 1):
        length = map_HxW.shape[axis]
        margins = [(size // 2, size // 2) if axis == other else (0, 0) for other in (0, 1)]
        padded = np.pad(map_HxW, margins)
        shifted = (np.take(padded, range(start, start + length), axis) for start in range(size))
        map_HxW = functools.reduce(np.add, shifted)
    return map_HxW
