"""Convolution with filters made for each sample, or for each cell of each sample.

A convolution with batch·channel groups is slow on every backend, and its gradient slower. Here the
filters of a sample are nine matrix products or nine shifted sums, and those of a cell a scan over
displacements; each with a gradient written for it (reverse mode only).
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.cells import repeat_columns, sum_columns, sum_rows
from vpn_anomaly.ops.displacement import moved_by_row, pad_frame


@jax.custom_vjp
def sample_conv(x_BxHxWxC: jax.Array, filter_BxkxkxCxO: jax.Array) -> jax.Array:
    """Convolves every sample with its own dense k×k filter, zero padding, (B, H, W, O)."""
    size = filter_BxkxkxCxO.shape[1]
    taps = _taps(x_BxHxWxC, size)
    return sum(
        jnp.einsum("bhwc,bco->bhwo", tap, filter_BxkxkxCxO[:, row, column])
        for (row, column), tap in taps
    )


def _sample_conv_fwd(x, filters):
    return sample_conv(x, filters), (x, filters)


def _sample_conv_bwd(saved, dy):
    x, filters = saved
    size = filters.shape[1]
    dfilters = [jnp.einsum("bhwc,bhwo->bco", tap, dy) for _, tap in _taps(x, size)]
    dfilters = jnp.stack(dfilters, axis=1).reshape(filters.shape)
    turned = filters[:, ::-1, ::-1].swapaxes(3, 4)
    return sample_conv(dy, turned), dfilters


sample_conv.defvjp(_sample_conv_fwd, _sample_conv_bwd)


@jax.custom_vjp
def sample_depthwise_conv(x_BxKxHxWxC: jax.Array, filter_BxKxkxkxC: jax.Array) -> jax.Array:
    """One k×k filter for every sample, frame and channel, summed over the frames: (B, H, W, C)."""
    return sum(
        jnp.einsum("bthwc,btc->bhwc", tap, filter_BxKxkxkxC[:, :, row, column])
        for (row, column), tap in _taps(x_BxKxHxWxC, filter_BxKxkxkxC.shape[2])
    )


def _sample_depthwise_conv_fwd(x, filters):
    return sample_depthwise_conv(x, filters), (x, filters)


def _sample_depthwise_conv_bwd(saved, dy):
    x, filters = saved
    size = filters.shape[2]
    dfilters = [jnp.einsum("bthwc,bhwc->btc", tap, dy) for _, tap in _taps(x, size)]
    dfilters = jnp.stack(dfilters, axis=2).reshape(filters.shape)
    turned = filters[:, :, ::-1, ::-1]
    dx = sum(
        jnp.einsum("bhwc,btc->bthwc", tap, turned[:, :, row, column])
        for (row, column), tap in _taps(dy, size)
    )
    return dx, dfilters


sample_depthwise_conv.defvjp(_sample_depthwise_conv_fwd, _sample_depthwise_conv_bwd)


def _taps(x, size):
    """The k² shifted copies of x (..., H, W, C) under zero padding, each with its filter place."""
    height, width = x.shape[-3:-1]
    half = size // 2
    padding = [(0, 0)] * (x.ndim - 3) + [(half, size - 1 - half)] * 2 + [(0, 0)]
    padded = jnp.pad(x, padding)
    for row in range(size):
        for column in range(size):
            yield (row, column), padded[..., row : row + height, column : column + width, :]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def cell_conv(frame_BxCxHxW: jax.Array, filter_BxhxwxMxD: jax.Array, radius: int) -> jax.Array:
    """Applies to a frame M filters of (2R+1)² taps that change from cell to cell.

        out(m, c, p) = Σ_d filter(cell of p, m, d) · frame(c, p − d)

    The frame is data: it gets no gradient (zeros). Displacements are numbered as in
    `ops/displacement.py`, and channels stand in front as there.

    Returns:
        (B, M, C, H, W).
    """
    batch, channels, height, width = frame_BxCxHxW.shape
    h, heads = filter_BxhxwxMxD.shape[1], filter_BxhxwxMxD.shape[3]
    cell, padded = height // h, pad_frame(frame_BxCxHxW, radius)

    def add_row(total, row_and_filter):
        row, filter_RxBxMxhxw = row_and_filter
        weights = repeat_columns(filter_RxBxMxhxw, cell)[:, :, :, None, :, None]
        for weight, moved in zip(weights, moved_by_row(padded, row, (height, width), radius)):
            total = total + weight * moved.reshape(batch, 1, channels, h, cell, width)
        return total, None

    rows = _rows_in_front(filter_BxhxwxMxD)
    zeros = jnp.zeros((batch, heads, channels, h, cell, width))
    total, _ = lax.scan(add_row, zeros, (jnp.arange(len(rows)), rows))
    return total.reshape(batch, heads, channels, height, width)


def _cell_conv_fwd(frame, filters, radius):
    return cell_conv(frame, filters, radius), (frame, filters)


def _cell_conv_bwd(radius, saved, dy_BxMxCxHxW):
    frame, filters = saved
    cell, padded = frame.shape[2] // filters.shape[1], pad_frame(frame, radius)

    def gradient_of_row(_, row):
        taps = []
        for moved in moved_by_row(padded, row, frame.shape[2:], radius):
            taps.append(sum_rows(jnp.sum(moved[:, None] * dy_BxMxCxHxW, axis=2), cell))
        return None, sum_columns(jnp.stack(taps), cell)

    _, dfilters = lax.scan(gradient_of_row, None, jnp.arange(2 * radius + 1))
    dfilters = dfilters.reshape(-1, *dfilters.shape[2:])
    return jnp.zeros_like(frame), jnp.transpose(dfilters, (1, 3, 4, 2, 0))


cell_conv.defvjp(_cell_conv_fwd, _cell_conv_bwd)


def _rows_in_front(filter_BxhxwxMxD):
    """The filters by rows and columns of displacements, (2R+1, 2R+1, B, M, h, w)."""
    *shape, taps = filter_BxhxwxMxD.shape
    side = math.isqrt(taps)
    return jnp.transpose(filter_BxhxwxMxD.reshape(*shape, side, side), (4, 5, 0, 3, 1, 2))
