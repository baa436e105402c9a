"""How well one frame, moved by every displacement within a radius, explains another.

Displacements run over rows first: number (dy + R)·(2R + 1) + (dx + R) moves a frame down by dy and
right by dx pixels. Pixels that come from outside the frame are zero. Frames have their channels in
front here, (B, C, H, W): the long axis of columns is the one that vectorises.
"""

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.cells import sum_columns, sum_rows


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
    """Squared difference of the target and the moved source, summed over cells and channels.

        cost(cell, d) = Σ_{p in cell} weight(p) Σ_c (target(c, p) − source(c, p − d))²

    Returns:
        (B, H/cell, W/cell, (2R+1)²) float32, in squared units of the frames.
    """
    padded = pad_frame(source_BxCxHxW, radius)

    def costs_of_row(_, row):
        costs = []
        for moved in moved_by_row(padded, row, target_BxCxHxW.shape[2:], radius):
            error = jnp.sum((target_BxCxHxW - moved) ** 2, axis=1) * weight_BxHxW
            costs.append(sum_rows(error, cell))
        return None, sum_columns(jnp.stack(costs), cell)

    _, costs_RxRxBxhxw = lax.scan(costs_of_row, None, jnp.arange(2 * radius + 1))
    costs = costs_RxRxBxhxw.reshape(displacement_count(radius), *costs_RxRxBxhxw.shape[2:])
    return jnp.moveaxis(costs, 0, -1)


def pad_frame(frame_BxCxHxW: jax.Array, radius: int) -> jax.Array:
    """The frames with `radius` zero pixels on every side."""
    return jnp.pad(frame_BxCxHxW, ((0, 0), (0, 0), (radius, radius), (radius, radius)))


def moved_by_row(padded_BxCxPxP: jax.Array, row: jax.Array, shape: tuple[int, int], radius: int):
    """The copies of a padded frame moved by dy = row − R and each dx, 2R + 1 of (B, C, H, W).

    Args:
        padded_BxCxPxP: what `pad_frame` returns.
        row: from 0 to 2R; may be traced.
        shape: (H, W) of the frame.
    """
    height, width = shape
    band = lax.dynamic_slice_in_dim(padded_BxCxPxP, 2 * radius - row, height, axis=2)
    return [band[..., start : start + width] for start in range(2 * radius, -1, -1)]


def window_sums(costs_BxhxwxD: jax.Array, window: int) -> jax.Array:
    """Sums over window×window cells around each cell; cells outside the frame count nothing."""
    for axis in (1, 2):
        size, padding = [1] * 4, [(0, 0)] * 4
        size[axis], padding[axis] = window, (window // 2, window - 1 - window // 2)
        costs_BxhxwxD = lax.reduce_window(costs_BxhxwxD, 0.0, lax.add, size, (1,) * 4, padding)
    return costs_BxhxwxD
