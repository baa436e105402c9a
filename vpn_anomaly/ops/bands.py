"""A frame as bands: each row of cells with all pixels within the displacement radius.

Sums over all displacements of a frame are computed band by band, so that the band, its filters and
its result stay in a CPU's cache while hundreds of shifted copies of it are made. Displacements
are numbered as in `ops/displacement.py`; channels come first, (B, C, H, W).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.platform import ByPlatform, traced_size

# Columns, summed over samples, that one step over the bands processes. On a CPU the filters of a step
# then fill about its L2 cache; elsewhere every step costs kernel launches.
_COLUMNS = ByPlatform(cpu=256, accelerator=65536)
# Up to this radius the loop over a band's copies is unrolled, which is up to three times faster; for
# a larger one the copies would exceed the cache, and compilation would take long. In a graph all are made at once.
_UNROLLED_RADIUS = ByPlatform(cpu=6, accelerator=6, graph=-1)


def frame_bands(frame_BxCxHxW: jax.Array, radius: int, cell: int) -> jax.Array:
    """The bands of the zero-padded frames, (h, B, C, cell + 2R, W + 2R)."""
    padded = jnp.pad(frame_BxCxHxW, ((0, 0), (0, 0), (radius, radius), (radius, radius)))
    starts = range(0, frame_BxCxHxW.shape[2], cell)
    return jnp.stack([padded[:, :, start : start + cell + 2 * radius] for start in starts])


def cell_rows(x_BxxHxW: jax.Array, cell: int) -> jax.Array:
    """The rows of each row of cells, (h, B, ..., cell, W)."""
    *batch, height, width = x_BxxHxW.shape
    return jnp.moveaxis(x_BxxHxW.reshape(*batch, height // cell, cell, width), -3, 0)


def from_cell_rows(x_hxBxxcxW: jax.Array) -> jax.Array:
    """The inverse of `cell_rows`, (B, ..., H, W)."""
    x = jnp.moveaxis(x_hxBxxcxW, 0, -3)
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])


def sum_columns(x_xW: jax.Array, cell: int) -> jax.Array:
    """Sums over the columns of each cell, (..., W/cell).

    Computed as a sum of strided columns: a reduction over a short axis is slower, and so is a product
    with a 0/1 matrix if frames are wide.
    """
    return sum(x_xW[..., start::cell] for start in range(cell))


def map_bands(function: Callable, *arrays_hxBxx: jax.Array) -> jax.Array:
    """Applies a function from bands of a group of samples, (g, ...) each, to (g, ...), to (h, B, ...)."""
    rows, batch = arrays_hxBxx[0].shape[:2]
    limit = max(1, traced_size(_COLUMNS) // arrays_hxBxx[0].shape[-1])
    group = max(size for size in range(1, min(limit, batch) + 1) if batch % size == 0)
    grouped = [x.reshape(-1, group, *x.shape[2:]) for x in arrays_hxBxx]
    mapped = lax.map(lambda group: function(*group), tuple(grouped))
    return mapped.reshape(rows, batch, *mapped.shape[2:])


def scan_rows(body: Callable, carry, radius: int):
    """`lax.scan` over the rows of displacements, 0 to 2R; unrolled if the radius is small."""
    rows = range(2 * radius + 1)
    if radius > traced_size(_UNROLLED_RADIUS):
        return lax.scan(body, carry, jnp.array(rows))
    results = []
    for row in rows:
        carry, result = body(carry, row)
        results.append(result)
    return carry, None if result is None else jnp.stack(results)


def moved_by_row(band_BxCxPxP: jax.Array, row: jax.Array, radius: int) -> list[jax.Array]:
    """The copies of a band moved by dy = row − R and each dx: 2R + 1 arrays (B, C, cell, W).

    Args:
        band_BxCxPxP: one of `frame_bands`.
        row: from 0 to 2R; may be traced.
    """
    height, width = (size - 2 * radius for size in band_BxCxPxP.shape[-2:])
    rows = lax.dynamic_slice_in_dim(band_BxCxPxP, 2 * radius - row, height, axis=-2)
    return [rows[..., start : start + width] for start in range(2 * radius, -1, -1)]
