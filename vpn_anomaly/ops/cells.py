"""Sums over the cells of a frame, and values of cells spread over their pixels.

Columns are summed by a product with a 0/1 matrix: a reduction over runs of four neighbours in the
fastest axis does not vectorise, a matrix product does.
"""

import jax
import jax.numpy as jnp
from jax import lax


def sum_over_cells(x_xHxW: jax.Array, cell: int) -> jax.Array:
    """Sums over cell×cell pixels, (..., H/cell, W/cell)."""
    *batch, height, width = x_xHxW.shape
    rows_xhxW = x_xHxW.reshape(*batch, height // cell, cell, width).sum(-2)
    return jnp.matmul(rows_xhxW, _membership(width, cell), precision=lax.Precision.HIGHEST)


def spread_over_cells(x_xhxw: jax.Array, cell: int) -> jax.Array:
    """The value of each cell at each of its pixels, (..., h, cell, W): rows are left split."""
    width = x_xhxw.shape[-1] * cell
    columns = jnp.matmul(x_xhxw, _membership(width, cell).T, precision=lax.Precision.HIGHEST)
    return jnp.broadcast_to(columns[..., None, :], (*columns.shape[:-1], cell, width))


def _membership(width, cell):
    """Which pixel of a row lies in which cell, 0/1 (W, W/cell)."""
    cells = jnp.arange(width // cell)
    return (jnp.arange(width)[:, None] // cell == cells).astype(jnp.float32)
