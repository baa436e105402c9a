"""Frames against what the same place shows in normal footage, in windows of about a thing's size.

A lamp that flickers, or an edge that trembles, surprises a model in every frame; a thing that is not normal
does so where it is.
"""

import functools
import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.ops.precision import EXACT
from vpn_anomaly.scoring.windows import Windows
from vpn_anomaly.systems.system import Maps, Places

PLACE_MAPS = ("nll", "detail")  # statistics whose windows are compared with normal ones
THING = 28  # pixels: the side of a window in frames of 240×360 pixels, whose area it scales with
STEPS = 4  # a window begins at every quarter of its side, and at both edges of the frame
LEAST_COUNTED = 0.5  # part of a window's pixels; windows with fewer have no value
# The spread of quiet places, in which any change would be beyond measure, is raised by this part of the
# median spread of all places.
SPREAD_FLOOR = 0.25
LEAST_SPREAD = 1e-6  # nats, of footage without any change


def thing_side(height: int, width: int) -> int:
    """The side of the windows in frames of a size, pixels; not more than the frame has."""
    return min(max(1, round(THING * math.sqrt(height * width / (240 * 360)))), height, width)


def window_starts(length: int, side: int) -> np.ndarray:
    """The first pixels of windows along an axis, from 0 to length − side, int (P,)."""
    last = length - side
    return np.rint(np.linspace(0, last, math.ceil(last / max(1, side // STEPS)) + 1)).astype(int)


def place_shape(height: int, width: int) -> tuple[int, int]:
    """P, Q: how many windows there are, one below the other and side by side."""
    side = thing_side(height, width)
    return len(window_starts(height, side)), len(window_starts(width, side))


def window_means(map_HxW: jax.Array, counted_HxW: jax.Array) -> jax.Array:
    """The mean over the counted pixels of every window, (P, Q); NaN where too few count."""
    height, width = map_HxW.shape
    side = thing_side(height, width)
    row_PxH, column_QxW = (_bands(length, side) for length in (height, width))
    product = functools.partial(jnp.matmul, precision=EXACT)
    window_sum = lambda x_HxW: product(product(row_PxH, x_HxW), column_QxW.T)
    counted = window_sum(counted_HxW.astype(jnp.float32))
    total = window_sum(jnp.where(counted_HxW, map_HxW, 0.0))
    return jnp.where(counted >= LEAST_COUNTED * side**2, total / jnp.maximum(counted, 1.0), jnp.nan)


def place_windows(maps: Maps, name: str) -> Windows:
    """How far every window lies above what its place shows in normal footage, in standard deviations.

    Of one frame, (H, W). −∞ where no window begins, and where too few pixels count.
    """
    height, width = maps.counted.shape
    side, z_PxQ = thing_side(height, width), place_z(maps, name)
    z = jnp.full((height - side + 1, width - side + 1), -jnp.inf)
    rows, columns = (window_starts(length, side) for length in (height, width))
    return {side: z.at[rows[:, None], columns].set(z_PxQ)}


def place_z(maps: Maps, name: str) -> jax.Array:
    """(mean − normal mean) / normal spread of every window, (P, Q); −∞ where too few pixels count."""
    normal = maps.places[name]
    z_PxQ = (window_means(maps.value[name], maps.counted) - normal.mean) / normal.spread
    return jnp.where(jnp.isnan(z_PxQ), -jnp.inf, z_PxQ)


def _bands(length: int, side: int) -> np.ndarray:
    """1 where a pixel is in a window, float32 (P, length)."""
    offset_PxL = np.arange(length) - window_starts(length, side)[:, None]
    return ((offset_PxL >= 0) & (offset_PxL < side)).astype(np.float32)


class PlaceStatistics:
    """Mean and spread of the windows of normal frames, taken in one by one."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: dict[str, np.ndarray] = {}
        self._squares: dict[str, np.ndarray] = {}  # sums of squared deviations from the mean

    def add(self, maps: Maps) -> None:
        """Takes in the maps of one frame, (H, W)."""
        self._count += 1
        for name, mean_PxQ in jax.device_get(_means(maps)).items():
            mean = self._mean.get(name, np.zeros(mean_PxQ.shape))
            deviation = mean_PxQ - mean
            self._mean[name] = mean + deviation / self._count
            squares = self._squares.get(name, np.zeros(mean_PxQ.shape))
            self._squares[name] = squares + deviation * (mean_PxQ - self._mean[name])

    def places(self) -> dict[str, Places]:
        """By name of the statistic, float32 (P, Q); mean 0 and spread 1 where windows have no values."""
        return {name: self._place(self._mean[name], self._squares[name]) for name in self._mean}

    def _place(self, mean_PxQ: np.ndarray, squares_PxQ: np.ndarray) -> Places:
        valued_PxQ = ~np.isnan(mean_PxQ)
        spread_PxQ = np.sqrt(squares_PxQ / self._count)
        floor = max(SPREAD_FLOOR * np.median(spread_PxQ[valued_PxQ]), LEAST_SPREAD)
        return Places(
            jnp.asarray(np.where(valued_PxQ, mean_PxQ, 0), jnp.float32),
            jnp.asarray(np.where(valued_PxQ, np.hypot(spread_PxQ, floor), 1), jnp.float32),
        )


@jax.jit
def _means(maps: Maps) -> Mapping[str, jax.Array]:
    return {name: window_means(maps.value[name], maps.counted) for name in PLACE_MAPS if name in maps.value}
