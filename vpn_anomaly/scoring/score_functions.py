"""The functions behind the rows of scores: from maps to a number per frame, or to a value of every window."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from vpn_anomaly.scoring import places
from vpn_anomaly.scoring.windows import Windows, counted_mean, largest_z, window_z, windowed, windows_z
from vpn_anomaly.systems.system import Maps

DETAIL_SIZE = 3  # pixels
# Of `erased_z`: what is erased leaves a flat patch.
ERASED_SIZE = 3  # pixels
FLAT = 10.5 / 255  # intensities within a flat window differ by at most 10 of 255
ERASED_VARIANCE_FLOOR = 0.1


def mean_nll(maps: Maps) -> jax.Array:
    return counted_mean(maps.value["nll"], maps.counted)


def excess_nll(maps: Maps) -> jax.Array:
    return counted_mean(maps.value["nll"] - maps.mean["nll"], maps.counted)


def tail_mean(maps: Maps) -> jax.Array:
    return counted_mean(maps.value["tail"], maps.counted)


def frame_mean(name: str) -> Callable[[Maps], jax.Array]:
    """The mean of a map over all pixels looked at, shown or hidden; NaN for a frame without counted pixels."""

    def frame_mean(maps: Maps) -> jax.Array:
        value = maps.value[name]
        mean = value.mean((-2, -1)) if maps.looked_at is None else counted_mean(value, maps.looked_at)
        return jnp.where(maps.counted.any((-2, -1)), mean, jnp.nan)

    return frame_mean


def nll_windows(maps: Maps) -> Windows:
    return excess_windows(maps, "nll")


def tail_windows(maps: Maps) -> Windows:
    return excess_windows(maps, "tail")


def excess_windows(maps: Maps, name: str) -> Windows:
    """z of windows for a mean over the frame: where the map most exceeds its mean, equal variances assumed."""
    value = maps.value[name]
    mean = counted_mean(value, maps.counted)[..., None, None]
    return windows_z(value, mean, jnp.ones_like(value), maps.counted, maps.windows)


def missing_z(maps: Maps) -> jax.Array:
    return largest_z(missing_windows(maps))


def missing_windows(maps: Maps) -> Windows:
    return residual_windows(maps, "missing")


def intruding_z(maps: Maps) -> jax.Array:
    return largest_z(intruding_windows(maps))


def intruding_windows(maps: Maps) -> Windows:
    return residual_windows(maps, "intruding")


def residual_windows(maps: Maps, name: str) -> Windows:
    return windows_z(maps.value[name], maps.mean[name], maps.variance[name], maps.counted, maps.windows)


def erased_z(maps: Maps) -> jax.Array:
    """The largest z of `missing` among flat windows, whose pixels are all of about one intensity.

    So they are where something was erased or covered; where a digit is only misplaced, they are
    not. At least 0: nothing is erased in a frame without flat windows.
    """
    z = window_z(
        maps.value["missing"],
        maps.mean["missing"],
        maps.variance["missing"],
        maps.counted,
        ERASED_SIZE,
        ERASED_VARIANCE_FLOOR,
    )
    counted_or = lambda other: jnp.where(maps.counted, maps.intensity, other)
    brightest = windowed(jnp.maximum, counted_or(-jnp.inf), ERASED_SIZE)
    darkest = windowed(jnp.minimum, counted_or(jnp.inf), ERASED_SIZE)
    z_where_flat = jnp.where(brightest - darkest <= FLAT, z, 0.0)
    largest = jnp.maximum(z_where_flat.max((-2, -1)), 0.0)
    return jnp.where(maps.counted.any((-2, -1)), largest, jnp.nan)


def frame_error(maps: Maps) -> jax.Array:
    return counted_mean(maps.value["error"], maps.counted)


def detail_excess(maps: Maps) -> jax.Array:
    """The largest sum of surprise minus entropy in a 3×3 window, over its side."""
    largest = detail_windows(maps)[DETAIL_SIZE].max((-2, -1)) / DETAIL_SIZE
    return jnp.where(maps.counted.any((-2, -1)), largest, jnp.nan)


def detail_windows(maps: Maps) -> Windows:
    """Sums of surprise minus entropy."""
    excess = jnp.where(maps.counted, maps.value["detail"] - maps.mean["detail"], 0.0)
    return {DETAIL_SIZE: windowed(jnp.add, excess, DETAIL_SIZE)}


def place_z(maps: Maps) -> jax.Array:
    return largest_z(nll_place_windows(maps))


def nll_place_windows(maps: Maps) -> Windows:
    return places.place_windows(maps, "nll")


def detail_place_z(maps: Maps) -> jax.Array:
    return largest_z(detail_place_windows(maps))


def detail_place_windows(maps: Maps) -> Windows:
    return places.place_windows(maps, "detail")


def greatest(name: str) -> Callable[[Maps], jax.Array]:
    """The greatest value of a map."""

    def greatest(maps: Maps) -> jax.Array:
        return largest_z({1: jnp.where(maps.counted, maps.value[name], -jnp.inf)})

    return greatest


def means(name: str) -> Callable[[Maps], Windows]:
    """Means of a map over windows; pixels that do not count are 0."""

    def means(maps: Maps) -> Windows:
        value = jnp.where(maps.counted, maps.value[name], 0.0)
        return {size: windowed(jnp.add, value, size) / size**2 for size in maps.windows}

    return means
