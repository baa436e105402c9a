"""How well one frame, moved by every displacement within a radius, explains another.

Displacements run over rows first: number (dy + R)·(2R + 1) + (dx + R) moves a frame down by dy and
right by dx pixels. Pixels that come from outside the frame are zero. Frames have their channels in
front here, (B, C, H, W): the long axis of columns is the one that vectorises.
"""

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.cells import sum_over_cells


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
        moved_RxBxCxHxW = moved_by_row(padded, row, target_BxCxHxW.shape[2:], radius)
        error_RxBxHxW = jnp.sum((target_BxCxHxW - moved_RxBxCxHxW) ** 2, axis=2) * weight_BxHxW
        return None, sum_over_cells(error_RxBxHxW, cell)

    _, costs_RxRxBxhxw = lax.scan(costs_of_row, None, jnp.arange(2 * radius + 1))
    costs = costs_RxRxBxhxw.reshape(displacement_count(radius), *costs_RxRxBxhxw.shape[2:])
    return jnp.moveaxis(costs, 0, -1)


def pad_frame(frame_BxCxHxW: jax.Array, radius: int) -> jax.Array:
    """The frames with `radius` zero pixels on every side."""
    return jnp.pad(frame_BxCxHxW, ((0, 0), (0, 0), (radius, radius), (radius, radius)))


def moved_by_row(padded_BxCxPxP: jax.Array, row: jax.Array, shape: tuple[int, int], radius: int):
    """The 2R + 1 copies of a padded frame moved by dy = row − R and every dx, (2R+1, B, C, H, W).

    Args:
        padded_BxCxPxP: what `pad_frame` returns.
        row: from 0 to 2R; may be traced.
        shape: (H, W) of the frame.
    """
    height, width = shape
    band = lax.dynamic_slice_in_dim(padded_BxCxPxP, 2 * radius - row, height, axis=2)
    starts = range(2 * radius, -1, -1)
    return jnp.stack([band[..., start : start + width] for start in starts])


def window_sums(costs_BxhxwxD: jax.Array, window: int) -> jax.Array:
    """Sums over window×window cells around each cell; cells outside the frame count nothing."""
    for axis in (1, 2):
        size = costs_BxhxwxD.shape[axis]
        padding = [(0, 0)] * 4
        padding[axis] = (window // 2, window - 1 - window // 2)
        padded = jnp.pad(costs_BxhxwxD, padding)
        shifted = [lax.slice_in_dim(padded, i, i + size, axis=axis) for i in range(window)]
        costs_BxhxwxD = sum(shifted)
    return costs_BxhxwxD
