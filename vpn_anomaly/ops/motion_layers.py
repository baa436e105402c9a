"""Layers of motion: several displacements for each place, and the tracks that they continue.

Where things overlap, one displacement does not explain the pixels of a window, and the squared difference that is
least over a window belongs to none of them. Layers are found by turns: every layer is matched with what the others
leave unexplained, by differences that count up to a limit. Displacements are numbered as in
`ops/displacement.py`; those of a track are in pixels, (..., 2), rows first.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.displacement import limited_costs, limited_error, window_sums

_ROUNDS = 2  # in which every layer is matched
_OWN = 0.2  # pixels, that a difference still costs where another layer explains the pixel
_JUMP = 10.0  # pixels, the cost of a step that differs from the one before
_CONTINUES = 1  # pixels, up to which a step does not differ: positions are rounded
_LENGTH = 1e-3  # pixels, the cost of a displacement's length: of those that explain as much, the shortest


class Matching(NamedTuple):
    """How frames are matched.

    Attributes:
        radius: largest displacement in each direction, pixels.
        cell: side of a cell, pixels.
        window: side of the windows over which costs are summed, cells.
        tolerance: the difference of intensities, 0..1, that counts as a whole pixel.
    """

    radius: int
    cell: int
    window: int
    tolerance: float


def layer_costs(
    target_BxCxHxW: jax.Array,
    source_BxCxHxW: jax.Array,
    limit_BxHxW: jax.Array,
    layers: int,
    matching: Matching,
) -> jax.Array:
    """What every displacement leaves unexplained in the window around each cell, for each of M layers, in pixels.

    Args:
        limit_BxHxW: what a pixel counts at most, 0 for one that does not count.

    Returns:
        (M, B, h, w, (2R+1)²).
    """
    radius, cell, window, tolerance = matching

    def match(unexplained_MxBxHxW, layer):
        others = jnp.where((jnp.arange(layers) == layer)[:, None, None, None], 1.0, unexplained_MxBxHxW)
        limit = limit_BxHxW * jnp.maximum(others.min(0), _OWN)
        of_cells = limited_costs(target_BxCxHxW, source_BxCxHxW, limit, tolerance, radius, cell)
        costs = window_sums(of_cells, window)
        moved = moved_by_cell(source_BxCxHxW, best_displacement(costs))
        wrong_BxHxW = limited_error(target_BxCxHxW - moved, tolerance, 1.0)[:, 0]
        return unexplained_MxBxHxW.at[layer].set(wrong_BxHxW), costs

    nothing_yet = jnp.ones((layers, *limit_BxHxW.shape))  # explained by any layer
    turns = jnp.tile(jnp.arange(layers), _ROUNDS)
    _, costs = jax.lax.scan(match, nothing_yet, turns)
    return costs[-layers:]


def best_displacement(costs_BxhxwxD: jax.Array) -> jax.Array:
    """The displacement of least cost, the shortest of several, pixels, int32 (B, h, w, 2)."""
    displacements = costs_BxhxwxD.shape[-1]
    all_Dx2 = _displacement(jnp.arange(displacements), displacements)
    length_D = jnp.sqrt((all_Dx2**2).sum(-1).astype(costs_BxhxwxD.dtype))
    return all_Dx2[(costs_BxhxwxD + _LENGTH * length_D).argmin(-1)]


def next_step(position_Bxhxwx2, step_Bxhxwx2, costs_BxhxwxD, cell: int) -> jax.Array:
    """The step by which a thing came to where it is, after the step that it made from there, int32 (B, h, w, 2).

    Args:
        position_Bxhxwx2: where the thing is that is seen at each cell, relative to the cell, pixels.
        step_Bxhxwx2: its next step.
        costs_BxhxwxD: of the steps by which things came to each cell.
    """
    batch, rows, columns, displacements = costs_BxhxwxD.shape
    grid_hxwx2 = jnp.stack(jnp.meshgrid(jnp.arange(rows), jnp.arange(columns), indexing="ij"), axis=-1)
    places = jnp.round(grid_hxwx2 + position_Bxhxwx2 / cell).astype(jnp.int32)
    row, column = (jnp.clip(places[..., axis], 0, size - 1) for axis, size in ((0, rows), (1, columns)))
    flat_Bxhw = (row * columns + column).reshape(batch, -1)
    there = jnp.take_along_axis(costs_BxhxwxD.reshape(batch, -1, displacements), flat_Bxhw[..., None], axis=1)
    all_Dx2 = _displacement(jnp.arange(displacements), displacements)
    differs = jnp.abs(step_Bxhxwx2[..., None, :] - all_Dx2).max(-1) > _CONTINUES
    return best_displacement(there.reshape(costs_BxhxwxD.shape) + _JUMP * differs)


def either_layer(costs_MxBxhxwxD: jax.Array) -> jax.Array:
    """What a displacement costs above the best one, in the layer where that is least, (B, h, w, (2R+1)²)."""
    return (costs_MxBxhxwxD - costs_MxBxhxwxD.min(-1, keepdims=True)).min(0)


def moved_by_cell(frame_BxCxHxW: jax.Array, displacement_Bxhxwx2: jax.Array) -> jax.Array:
    """The frame moved by one displacement for each cell, of any size, with zeros from outside: (B, C, H, W)."""
    batch, colours, height, width = frame_BxCxHxW.shape
    cell = height // displacement_Bxhxwx2.shape[1]
    of_pixels = displacement_Bxhxwx2.repeat(cell, axis=1).repeat(cell, axis=2)
    row = jnp.arange(height)[:, None] - of_pixels[..., 0]
    column = jnp.arange(width) - of_pixels[..., 1]
    inside_BxHxW = (0 <= row) & (row < height) & (0 <= column) & (column < width)
    flat = jnp.clip(row, 0, height - 1) * width + jnp.clip(column, 0, width - 1)
    values = jnp.take_along_axis(
        frame_BxCxHxW.reshape(batch, colours, -1), flat.reshape(batch, 1, -1), axis=2
    )
    return jnp.where(inside_BxHxW[:, None], values.reshape(frame_BxCxHxW.shape), 0)


def _displacement(number, displacements: int):
    """The displacement of a number, (..., 2)."""
    side = math.isqrt(displacements)
    return jnp.stack(jnp.divmod(number, side), axis=-1).astype(jnp.int32) - side // 2
