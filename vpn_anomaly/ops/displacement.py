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

    def costs_of_bands(target_BxCxcxW, source_BxCxPxP, weight_Bx1xcxW):
        def costs_of_row(_, row):
            errors = [
                weight_Bx1xcxW * (target_BxCxcxW - moved) ** 2
                for moved in moved_by_row(source_BxCxPxP, row, radius)
            ]
            return None, jnp.stack([error.sum((1, 2)) for error in errors])

        _, costs_RxRxBxW = scan_rows(costs_of_row, None, radius)
        costs_DxBxW = costs_RxRxBxW.reshape(-1, *costs_RxRxBxW.shape[2:])
        return jnp.moveaxis(sum_columns(costs_DxBxW, cell), 0, 1)

    costs_hxBxDxw = map_bands(
        costs_of_bands,
        cell_rows(target_BxCxHxW, cell),
        frame_bands(source_BxCxHxW, radius, cell),
        cell_rows(weight_BxHxW[:, None], cell),
    )
    return jnp.transpose(costs_hxBxDxw, (1, 0, 3, 2))


def window_sums(costs_BxhxwxD: jax.Array, window: int) -> jax.Array:
    """Sums over window×window cells around each cell; cells outside the frame count as zero."""
    for axis in (1, 2):
        size, padding = [1] * 4, [(0, 0)] * 4
        size[axis], padding[axis] = window, (window // 2, window - 1 - window // 2)
        costs_BxhxwxD = lax.reduce_window(costs_BxhxwxD, 0.0, lax.add, size, (1,) * 4, padding)
    return costs_BxhxwxD
