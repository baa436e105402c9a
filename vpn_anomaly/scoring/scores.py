"""Frame scores: one number a frame out of its maps of surprise.

Every score is higher for a more anomalous frame and looks at counted pixels only: a pixel that was
shown to the model saw itself and says nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from vpn_anomaly.systems.system import WINDOWS, Maps

DISTRIBUTION_SCORES = (
    "mean_nll",
    "excess_nll",
    "tail_mean",
    "missing_z",
    "intruding_z",
    "erased_z",
)
SCORES = (*DISTRIBUTION_SCORES, "frame_error")
BLOCK_SCORES = ("missing_z", "intruding_z", "detail_excess")  # of system block_inpainting
ALL_SCORES = (*SCORES, "detail_excess")
DETAIL_SIZE = 3  # pixels
# Added to a window's predicted variance: where the model is certain the variance vanishes, and a
# rounding error would otherwise outweigh every real anomaly.
VARIANCE_FLOOR = 0.3
# Of `erased_z`: what is erased leaves a flat patch.
ERASED_SIZE = 3  # pixels
FLAT = 10.5 / 255  # intensities within a flat window differ by at most 10 of 255
ERASED_VARIANCE_FLOOR = 0.1


def frame_scores(maps: Maps) -> dict[str, jax.Array]:
    """Returns the scores that the maps allow; can be jit-compiled (which sorts the keys).

    - `mean_nll`: mean surprise −log q(x), nats a pixel; the paper's loss as an anomaly score.
    - `excess_nll`: mean of surprise minus its expectation, the entropy; nats a pixel.
    - `tail_mean`: mean two-sided tail surprise, nats a pixel.
    - `missing_z`, `intruding_z`: see `largest_window_z`; something that should be there is
      missing, something that should not be there is.
    - `erased_z`: the largest z of `missing` among flat windows, whose pixels are all of about one
      intensity, as they are where something was erased or covered: where a digit is only misplaced,
      they are not. At least 0: nothing is erased in a frame without flat windows.
    - `frame_error`: mean squared error of a system that predicts one value a pixel, intensities².
    - `detail_excess`: the largest sum of surprise minus entropy in a 3×3 window, over its side: nats.

    Args:
      maps: arrays (..., H, W) named `nll`, `tail`, `missing`, `intruding`, `error`, `detail`, and the frames.
        A score whose maps are missing has no key in the result.

    Returns:
      A dict from name to scores of shape (...,). A frame without counted pixels scores NaN.
    """
    scores = {}
    if "nll" in maps.value:
        scores["mean_nll"] = counted_mean(maps.value["nll"], maps.counted)
    if "nll" in maps.value and "nll" in maps.mean:
        scores["excess_nll"] = counted_mean(maps.value["nll"] - maps.mean["nll"], maps.counted)
    if "tail" in maps.value:
        scores["tail_mean"] = counted_mean(maps.value["tail"], maps.counted)
    if "error" in maps.value:
        scores["frame_error"] = counted_mean(maps.value["error"], maps.counted)
    for name in ("missing", "intruding"):
        if name in maps.value and name in maps.mean and name in maps.variance:
            scores[f"{name}_z"] = largest_window_z(
                maps.value[name], maps.mean[name], maps.variance[name], maps.counted, maps.windows
            )
    if "missing_z" in scores and "nll" in maps.value:
        scores["erased_z"] = _erased_z(maps)
    if "detail" in maps.value:
        scores["detail_excess"] = _detail_excess(maps)
    return scores


def _detail_excess(maps: Maps) -> jax.Array:
    """(...,); NaN for a frame without counted pixels."""
    excess = jnp.where(maps.counted, maps.value["detail"] - maps.mean["detail"], 0.0)
    largest = windowed(jnp.add, excess, DETAIL_SIZE).max((-2, -1)) / DETAIL_SIZE
    return jnp.where(maps.counted.any((-2, -1)), largest, jnp.nan)


def _erased_z(maps: Maps) -> jax.Array:
    """(...,); NaN for a frame without counted pixels."""
    missing = [maps.value["missing"], maps.mean["missing"], maps.variance["missing"], maps.counted]
    z = window_z(*missing, ERASED_SIZE, ERASED_VARIANCE_FLOOR)
    counted_or = lambda other: jnp.where(maps.counted, maps.intensity, other)
    brightest = windowed(jnp.maximum, counted_or(-jnp.inf), ERASED_SIZE)
    darkest = windowed(jnp.minimum, counted_or(jnp.inf), ERASED_SIZE)
    z_where_flat = jnp.where(brightest - darkest <= FLAT, z, 0.0)
    largest = jnp.maximum(z_where_flat.max((-2, -1)), 0.0)
    return jnp.where(maps.counted.any((-2, -1)), largest, jnp.nan)


def counted_mean(map_xHxW: jax.Array, counted_xHxW: jax.Array) -> jax.Array:
    """Returns the mean over counted pixels, (...,)."""
    total = jnp.where(counted_xHxW, map_xHxW, 0.0).sum((-2, -1))
    return total / counted_xHxW.sum((-2, -1))


def largest_window_z(
    value_xHxW: jax.Array,
    mean_xHxW: jax.Array,
    variance_xHxW: jax.Array,
    counted_xHxW: jax.Array,
    sizes: tuple[int, ...] = WINDOWS,
    variance_floor: float = VARIANCE_FLOOR,
) -> jax.Array:
    """Returns the largest (Σvalue − Σmean) / sqrt(Σvariance + variance_floor) over windows.

    The windows are all those of w×w pixels, w in `sizes`, that lie inside the frame (a frame
    smaller than w has one window: itself in that direction). Sums run over counted pixels; windows
    without any are left out.

    Returns:
      (...,); NaN for a frame without counted pixels.
    """
    maps = (value_xHxW, mean_xHxW, variance_xHxW, counted_xHxW)
    largest = [window_z(*maps, size, variance_floor).max((-2, -1)) for size in sizes]
    largest = functools.reduce(jnp.maximum, largest)
    return jnp.where(jnp.isneginf(largest), jnp.nan, largest)


def window_z(
    value_xHxW: jax.Array,
    mean_xHxW: jax.Array,
    variance_xHxW: jax.Array,
    counted_xHxW: jax.Array,
    size: int,
    variance_floor: float,
) -> jax.Array:
    """Returns z of every size×size window, see `largest_window_z`, (..., H−size+1, W−size+1).

    −∞ for windows without counted pixels.
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
