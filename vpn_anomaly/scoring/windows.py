"""Means and sums of maps: over all counted pixels of a frame, and over windows that lie inside it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from vpn_anomaly.systems.system import WINDOWS

# Added to a window's predicted variance: where the model is certain the variance vanishes, and a
# rounding error would otherwise outweigh every real anomaly.
VARIANCE_FLOOR = 0.3
# A value of every window inside the frame, by the windows' side s: (..., H−s+1, W−s+1).
Windows = dict[int, jax.Array]


def counted_mean(map_xHxW: jax.Array, counted_xHxW: jax.Array) -> jax.Array:
    """Returns the mean over counted pixels, (...,)."""
    total = jnp.where(counted_xHxW, map_xHxW, 0.0).sum((-2, -1))
    return total / counted_xHxW.sum((-2, -1))


def largest_z(windows: Windows) -> jax.Array:
    """Returns the largest value of all windows, (...,); NaN for a frame without counted pixels."""
    largest = functools.reduce(jnp.maximum, [value.max((-2, -1)) for value in windows.values()])
    return jnp.where(jnp.isneginf(largest), jnp.nan, largest)


def windows_z(
    value_xHxW: jax.Array,
    mean_xHxW: jax.Array,
    variance_xHxW: jax.Array,
    counted_xHxW: jax.Array,
    sizes: tuple[int, ...] = WINDOWS,
) -> Windows:
    """Returns z of all w×w windows for every w in `sizes`, see `window_z`."""
    maps = (value_xHxW, mean_xHxW, variance_xHxW, counted_xHxW)
    return {size: window_z(*maps, size) for size in sizes}


def window_z(
    value_xHxW: jax.Array,
    mean_xHxW: jax.Array,
    variance_xHxW: jax.Array,
    counted_xHxW: jax.Array,
    size: int,
    variance_floor: float = VARIANCE_FLOOR,
) -> jax.Array:
    """Returns (Σvalue − Σmean) / sqrt(Σvariance + variance_floor), (..., H−size+1, W−size+1).

    Of all size×size windows that lie inside the frame (a frame smaller than that has one window:
    itself in that direction). Sums run over counted pixels; −∞ for windows without any.
    """
    excess = jnp.where(counted_xHxW, value_xHxW - mean_xHxW, 0.0)
    variance = jnp.where(counted_xHxW, variance_xHxW, 0.0)
    count = jnp.broadcast_to(counted_xHxW, excess.shape).astype(excess.dtype)
    window_sum = functools.partial(windowed, jnp.add, size=size)
    z = window_sum(excess) / jnp.sqrt(window_sum(variance) + variance_floor)
    return jnp.where(window_sum(count) > 0, z, -jnp.inf)


def windowed(operation: Callable, map_xHxW: jax.Array, size: int) -> jax.Array:
    """Returns the sums, minima, … of all size×size windows inside the frame, (..., H−size+1, W−size+1).

    Shifted copies along one axis, then the other: unlike differences of running sums they lose no
    digits in a quiet window beside a loud one.
    """
    for axis in (-2, -1):
        width = min(size, map_xHxW.shape[axis])
        positions = map_xHxW.shape[axis] - width + 1
        shifted = (
            jax.lax.slice_in_dim(map_xHxW, start, start + positions, axis=axis) for start in range(width)
        )
        map_xHxW = functools.reduce(operation, shifted)
    return map_xHxW
