"""How far the content of each cell moved between two frames: subpixel, from the costs of displacements."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.cell_features import window_totals
from vpn_anomaly.ops.displacement import displacement_costs, window_sums

# Added to curvatures, so that a flat cost has its least at the pixel: squared grey levels.
FLATNESS = 1e-3
# Displacements that differ by no more, in either direction, belong to one valley of the costs.
VALLEY = 2  # pixels


class CellMotion(NamedTuple):
    """The motion of the cells of B frames; arrays (B, h, w).

    Attributes:
        down, right: displacement since the earlier frame, pixels, with fractions.
        still: mean squared difference to the earlier frame at the same place.
        least: the same to the moved earlier frame, at the whole displacement with the least of it.
        other: the least of displacements that are not next to it: about as low where the match is ambiguous.
        weight: mean of the weights in the window.
    """

    down: jax.Array
    right: jax.Array
    still: jax.Array
    least: jax.Array
    other: jax.Array
    weight: jax.Array


def cell_motion(
    frame_BxHxW: jax.Array,
    earlier_BxHxW: jax.Array,
    weight_BxHxW: jax.Array,
    radius: int,
    cell: int,
    window: int,
) -> CellMotion:
    """The displacement within ±radius that best explains the window×window cells around each cell.

    Weighted squared differences, so that only where something is (or moves) says how it moves. The
    least of a parabola through the least cost and its two neighbours gives the fraction.
    """
    costs_BxhxwxD = window_sums(
        displacement_costs(frame_BxHxW[:, None], earlier_BxHxW[:, None], weight_BxHxW, radius, cell), window
    )
    weight_Bxhxw = window_totals(weight_BxHxW[..., None], cell, window)[..., 0]
    side = 2 * radius + 1
    mean = costs_BxhxwxD / jnp.maximum(weight_Bxhxw[..., None], 1e-6)
    best = _first_least(mean)
    row, column = best // side, best % side
    at = lambda row, column: jnp.take_along_axis(mean, (row * side + column)[..., None], axis=-1)[..., 0]
    least = at(row, column)
    inside = lambda place: jnp.clip(place, 0, side - 1)
    away = jnp.abs(jnp.arange(side) - row[..., None])[..., :, None] > VALLEY
    away |= jnp.abs(jnp.arange(side) - column[..., None])[..., None, :] > VALLEY
    fraction_down = _vertex(at(inside(row - 1), column), least, at(inside(row + 1), column), row, side)
    fraction_right = _vertex(at(row, inside(column - 1)), least, at(row, inside(column + 1)), column, side)
    return CellMotion(
        row - radius + fraction_down,
        column - radius + fraction_right,
        mean[..., radius * side + radius],
        least,
        jnp.where(away.reshape(mean.shape), mean, jnp.inf).min(-1),
        weight_Bxhxw / (cell * window) ** 2,
    )


def _first_least(costs_BxhxwxD: jax.Array) -> jax.Array:
    """The `argmin` over D, by two reductions that are vectorised, where that of pairs is not."""
    number_D = jnp.arange(costs_BxhxwxD.shape[-1])
    is_least = costs_BxhxwxD == costs_BxhxwxD.min(-1, keepdims=True)
    return jnp.where(is_least, number_D, len(number_D)).min(-1)


def _vertex(before, least, after, place, side):
    """Where between the neighbours a parabola through three costs is least, −½ … ½; 0 at the border."""
    curvature = before - 2 * least + after
    fraction = 0.5 * (before - after) / (curvature + FLATNESS)
    return jnp.where((place > 0) & (place < side - 1), jnp.clip(fraction, -0.5, 0.5), 0.0)


def median_of_neighbours(cells_Bxhxw: jax.Array) -> jax.Array:
    """The median of the 3×3 cells around each, (B, h, w); the frame is continued by its border cells.

    That of nine numbers in three sorted triples is the median of the greatest first, the median second and
    the least third of the triples.
    """
    padded = jnp.pad(cells_Bxhxw, ((0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = cells_Bxhxw.shape[1:]
    first, second, third = _in_order(*(padded[:, row : row + height] for row in range(3)))
    three = lambda cells: [cells[:, :, column : column + width] for column in range(3)]
    greatest, least = _in_order(*three(first))[2], _in_order(*three(third))[0]
    return _in_order(greatest, _in_order(*three(second))[1], least)[1]


def _in_order(a: jax.Array, b: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Three arrays, sorted element by element."""
    a, b = jnp.minimum(a, b), jnp.maximum(a, b)
    middle, greatest = jnp.minimum(b, c), jnp.maximum(b, c)
    return jnp.minimum(a, middle), jnp.maximum(a, middle), greatest
