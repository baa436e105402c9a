"""Frame scores: one number a frame out of its maps of surprise.

Every score is higher for a more anomalous frame and looks at counted pixels only: a pixel that was
shown to the model saw itself and says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from vpn_anomaly.systems.system import Maps

DISTRIBUTION_SCORES = ("mean_nll", "excess_nll", "tail_mean", "missing_z", "intruding_z")
SCORES = (*DISTRIBUTION_SCORES, "frame_error")
WINDOW_SIZES = (3, 5)  # pixels
# Added to a window's predicted variance: where the model is certain the variance vanishes, and a
# rounding error would otherwise outweigh every real anomaly.
VARIANCE_FLOOR = 0.3


def frame_scores(maps: Maps) -> dict[str, jax.Array]:
    """Returns the scores that the maps allow; can be jit-compiled (which sorts the keys).

    - `mean_nll`: mean surprise −log q(x), nats a pixel; the paper's loss as an anomaly score.
    - `excess_nll`: mean of surprise minus its expectation, the entropy; nats a pixel.
    - `tail_mean`: mean two-sided tail surprise, nats a pixel.
    - `missing_z`, `intruding_z`: see `largest_window_z`; something that should be there is
      missing, something that should not be there is.
    - `frame_error`: mean squared error of a system that predicts one value a pixel, intensities².

    Args:
      maps: arrays (..., H, W) named `nll`, `tail`, `missing`, `intruding`, `error`. A score whose maps are
        missing has no key in the result.

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
                maps.value[name], maps.mean[name], maps.variance[name], maps.counted
            )
    return scores


def counted_mean(map_xHxW: jax.Array, counted_xHxW: jax.Array) -> jax.Array:
    """Returns the mean over counted pixels, (...,)."""
    total = jnp.where(counted_xHxW, map_xHxW, 0.0).sum((-2, -1))
    return total / counted_xHxW.sum((-2, -1))


def largest_window_z(
    value_xHxW: jax.Array,
    mean_xHxW: jax.Array,
    variance_xHxW: jax.Array,
    counted_xHxW: jax.Array,
    sizes: tuple[int, ...] = WINDOW_SIZES,
    variance_floor: float = VARIANCE_FLOOR,
) -> jax.Array:
    """Returns the largest (Σvalue − Σmean) / sqrt(Σvariance + variance_floor) over windows.

    The windows are all those of w×w pixels, w in `sizes`, that lie inside the frame (a frame
    smaller than w has one window: itself in that direction). Sums run over counted pixels; windows
    without any are left out.

    Returns:
      (...,); NaN for a frame without counted pixels.
    """
    excess = jnp.where(counted_xHxW, value_xHxW - mean_xHxW, 0.0)
    variance = jnp.where(counted_xHxW, variance_xHxW, 0.0)
    count = jnp.broadcast_to(counted_xHxW, excess.shape).astype(excess.dtype)
    largest = jnp.full(excess.shape[:-2], -jnp.inf, excess.dtype)
    for size in sizes:
        z = window_sum(excess, size) / jnp.sqrt(window_sum(variance, size) + variance_floor)
        z = jnp.where(window_sum(count, size) > 0, z, -jnp.inf)
        largest = jnp.maximum(largest, z.max((-2, -1)))
    return jnp.where(jnp.isneginf(largest), jnp.nan, largest)


def window_sum(map_xHxW: jax.Array, size: int) -> jax.Array:
    """Returns the sums over all size×size windows inside the frame, (..., H−size+1, W−size+1).

    Shifted sums along one axis, then the other: unlike differences of running sums they lose no
    digits in a quiet window beside a loud one.
    """
    for axis in (-2, -1):
        width = min(size, map_xHxW.shape[axis])
        positions = map_xHxW.shape[axis] - width + 1
        shifted = (
            jax.lax.slice_in_dim(map_xHxW, start, start + positions, axis=axis)
            for start in range(width)
        )
        map_xHxW = sum(shifted)
    return map_xHxW
