"""Sums over the cells of a frame, and values of cells repeated over their columns.

Columns are summed by a product with a 0/1 matrix: a reduction over runs of a few neighbours in the
fastest axis does not vectorise, a matrix product does.
"""

import jax
import jax.numpy as jnp
from jax import lax


def sum_rows(x_xHxW: jax.Array, cell: int) -> jax.Array:
    """Sums over the rows of each cell, (..., H/cell, W)."""
    *batch, height, width = x_xHxW.shape
    return x_xHxW.reshape(*batch, height // cell, cell, width).sum(-2)


def sum_columns(x_xhxW: jax.Array, cell: int) -> jax.Array:
    """Sums over the columns of each cell, (..., h, W/cell)."""
    membership = _membership(x_xhxW.shape[-1], cell)
    return jnp.matmul(x_xhxW, membership, precision=lax.Precision.HIGHEST)


def repeat_columns(x_xhxw: jax.Array, cell: int) -> jax.Array:
    """The value of each cell at each of its columns, (..., h, w·cell)."""
    membership = _membership(x_xhxw.shape[-1] * cell, cell)
    return jnp.matmul(x_xhxw, membership.T, precision=lax.Precision.HIGHEST)


def _membership(width, cell):
    """Which pixel of a row lies in which cell, 0/1 (W, W/cell)."""
    return (jnp.arange(width)[:, None] // cell == jnp.arange(width // cell)).astype(jnp.float32)
