"""Matching costs between a frame and another one moved by every displacement within a radius.

Displacements are in row-major order: number (dy + R)·(2R + 1) + (dx + R) moves a frame down by dy and
right by dx pixels. Pixels from outside the frame are zero. Frames have their channels first here,
(B, C, H, W), so that the long axis of columns is vectorised.
"""

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.bands import (
    cell_rows,
    frame_bands,
    map_bands,
    moved_by_row,
    scan_rows,
    sum_columns,
)


def displacement_count(radius: int) -> int:
    """The number of displacements within ±radius pixels: (2R + 1)²."""
    return (2 * radius + 1) ** 2


def displacement_costs(
    target_BxCxHxW: jax.Array,
    source_BxCxHxW: jax.Array,
    weight_BxHxW: jax.Array,
    radius: int,
    cell: int,
) -> jax.Array:
    """Squared difference between the target and the moved source, summed per cell over all channels.

        cost(cell, d) = Σ_{p in cell} weight(p) Σ_c (target(c, p) − source(c, p − d))²

    Returns:
        (B, H/cell, W/cell, (2R+1)²) float32, in squared units of the frames.
    """

    def weighted(difference_BxCxcxW, weight_Bx1xcxW):
        return weight_Bx1xcxW * difference_BxCxcxW**2

    return _costs(weighted, target_BxCxHxW, source_BxCxHxW, weight_BxHxW, radius, cell)


def limited_costs(
    target_BxCxHxW: jax.Array,
    source_BxCxHxW: jax.Array,
    limit_BxHxW: jax.Array,
    tolerance: float,
    radius: int,
    cell: int,
) -> jax.Array:
    """`displacement_costs` where differences count up to a limit: other things do not outweigh a thing's own pixels.

        cost(cell, d) = Σ_{p in cell} min(mean_c ((target(c, p) − source(c, p − d)) / tolerance)², limit(p))

    Returns:
        (B, H/cell, W/cell, (2R+1)²) float32, in pixels.
    """

    def limited(difference_BxCxcxW, limit_Bx1xcxW):
        return limited_error(difference_BxCxcxW, tolerance, limit_Bx1xcxW)

    return _costs(limited, target_BxCxHxW, source_BxCxHxW, limit_BxHxW, radius, cell)


def limited_error(difference_BxCxHxW, tolerance: float, limit_Bx1xHxW):
    """The mean square over colours of a difference in tolerances, up to a limit, in pixels: (B, 1, H, W)."""
    return jnp.minimum(((difference_BxCxHxW / tolerance) ** 2).mean(1, keepdims=True), limit_Bx1xHxW)


def _costs(of_pixels, target_BxCxHxW, source_BxCxHxW, given_BxHxW, radius, cell):
    """`of_pixels` of the differences (B, C, rows, W) and of what is given, summed per cell and displacement."""

    def costs_of_bands(target_BxCxcxW, source_BxCxPxP, given_Bx1xcxW):
        def costs_of_row(_, row):
            costs = [
                of_pixels(target_BxCxcxW - moved, given_Bx1xcxW)
                for moved in moved_by_row(source_BxCxPxP, row, radius)
            ]
            return None, jnp.stack([cost.sum((1, 2)) for cost in costs])

        _, costs_RxRxBxW = scan_rows(costs_of_row, None, radius)
        costs_DxBxW = costs_RxRxBxW.reshape(-1, *costs_RxRxBxW.shape[2:])
        return jnp.moveaxis(sum_columns(costs_DxBxW, cell), 0, 1)

    costs_hxBxDxw = map_bands(
        costs_of_bands,
        cell_rows(target_BxCxHxW, cell),
        frame_bands(source_BxCxHxW, radius, cell),
        cell_rows(given_BxHxW[:, None], cell),
    )
    return jnp.transpose(costs_hxBxDxw, (1, 0, 3, 2))


def window_sums(costs_BxhxwxD: jax.Array, window: int) -> jax.Array:
    """Sums over window×window cells around each cell; cells outside the frame count as zero."""
    for axis in (1, 2):
        size, padding = [1] * 4, [(0, 0)] * 4
        size[axis], padding[axis] = window, (window // 2, window - 1 - window // 2)
        costs_BxhxwxD = lax.reduce_window(costs_BxhxwxD, 0.0, lax.add, size, (1,) * 4, padding)
    return costs_BxhxwxD
