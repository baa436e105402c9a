"""Dynamic convolution: different filters for each sample, or for each cell of each sample.

A convolution with batch·channel groups is slow on every backend, and its gradient even slower. Here
per-sample filters are nine matrix products or nine shifted sums, and per-cell filters are sums over
shifted copies of a band; each has a custom gradient (reverse mode only).
"""

import functools
import math

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.bands import (
    cell_rows,
    frame_bands,
    from_cell_rows,
    map_bands,
    moved_by_row,
    scan_rows,
    sum_columns,
)
from vpn_anomaly.ops.precision import EXACT

_einsum = functools.partial(jnp.einsum, precision=EXACT)


@jax.custom_vjp
def sample_conv(x_BxHxWxC: jax.Array, filter_BxkxkxCxO: jax.Array) -> jax.Array:
    """Convolves every sample with its own dense k×k filter, with zero padding, (B, H, W, O)."""
    size = filter_BxkxkxCxO.shape[1]
    taps = _taps(x_BxHxWxC, size)
    return sum(
        _einsum("bhwc,bco->bhwo", tap, filter_BxkxkxCxO[:, row, column]) for (row, column), tap in taps
    )


def _sample_conv_fwd(x, filters):
    return sample_conv(x, filters), (x, filters)


def _sample_conv_bwd(saved, dy):
    x, filters = saved
    size = filters.shape[1]
    dfilters = [_einsum("bhwc,bhwo->bco", tap, dy) for _, tap in _taps(x, size)]
    dfilters = jnp.stack(dfilters, axis=1).reshape(filters.shape)
    turned = filters[:, ::-1, ::-1].swapaxes(3, 4)
    return sample_conv(dy, turned), dfilters


sample_conv.defvjp(_sample_conv_fwd, _sample_conv_bwd)


@jax.custom_vjp
def sample_depthwise_conv(x_BxKxHxWxC: jax.Array, filter_BxKxkxkxC: jax.Array) -> jax.Array:
    """One k×k filter per sample, frame and channel, summed over the frames: (B, H, W, C)."""
    return sum(
        _einsum("bthwc,btc->bhwc", tap, filter_BxKxkxkxC[:, :, row, column])
        for (row, column), tap in _taps(x_BxKxHxWxC, filter_BxKxkxkxC.shape[2])
    )


def _sample_depthwise_conv_fwd(x, filters):
    return sample_depthwise_conv(x, filters), (x, filters)


def _sample_depthwise_conv_bwd(saved, dy):
    x, filters = saved
    size = filters.shape[2]
    dfilters = [_einsum("bthwc,bhwc->btc", tap, dy) for _, tap in _taps(x, size)]
    dfilters = jnp.stack(dfilters, axis=2).reshape(filters.shape)
    turned = filters[:, :, ::-1, ::-1]
    dx = sum(
        _einsum("bhwc,btc->bthwc", tap, turned[:, :, row, column]) for (row, column), tap in _taps(dy, size)
    )
    return dx, dfilters


sample_depthwise_conv.defvjp(_sample_depthwise_conv_fwd, _sample_depthwise_conv_bwd)


def _taps(x, size):
    """The k² shifted copies of x (..., H, W, C) with zero padding, each with its (row, column) of the filter."""
    height, width = x.shape[-3:-1]
    half = size // 2
    padding = [(0, 0)] * (x.ndim - 3) + [(half, size - 1 - half)] * 2 + [(0, 0)]
    padded = jnp.pad(x, padding)
    for row in range(size):
        for column in range(size):
            yield (row, column), padded[..., row : row + height, column : column + width, :]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def cell_conv(frame_BxCxHxW: jax.Array, filter_BxhxwxMxD: jax.Array, radius: int) -> jax.Array:
    """Applies M filters of (2R+1)² taps, different in each cell, to a frame.

        out(m, c, p) = Σ_d filter(cell of p, m, d) · frame(c, p − d)

    The frame is data and gets a zero gradient. Displacements are numbered, and channels come first, as
    in `ops/displacement.py`.

    Returns:
        (B, M, C, H, W).
    """
    cell = frame_BxCxHxW.shape[2] // filter_BxhxwxMxD.shape[1]

    def convolve_bands(band_BxCxPxP, filter_BxwxMxD):
        filters_RxRxBxMxW = jnp.repeat(_rows_in_front(filter_BxwxMxD), cell, axis=-1)

        def add_row(total, row):
            copies = moved_by_row(band_BxCxPxP, row, radius)
            return total + sum(
                filters_RxRxBxMxW[row, column][:, :, None, None] * moved[:, None]
                for column, moved in enumerate(copies)
            ), None

        batch, channels = band_BxCxPxP.shape[:2]
        heads, width = filters_RxRxBxMxW.shape[-2:]
        zeros = jnp.zeros((batch, heads, channels, cell, width))
        return scan_rows(add_row, zeros, radius)[0]

    bands = frame_bands(frame_BxCxHxW, radius, cell)
    return from_cell_rows(map_bands(convolve_bands, bands, jnp.moveaxis(filter_BxhxwxMxD, 1, 0)))


def _cell_conv_fwd(frame, filters, radius):
    return cell_conv(frame, filters, radius), (frame, filters)


def _cell_conv_bwd(radius, saved, dy_BxMxCxHxW):
    frame, filters = saved
    cell = frame.shape[2] // filters.shape[1]

    def gradient_of_bands(dy_BxMxCxcxW, band_BxCxPxP):
        def gradient_of_row(_, row):
            taps = [
                jnp.sum(moved[:, None] * dy_BxMxCxcxW, axis=(2, 3))
                for moved in moved_by_row(band_BxCxPxP, row, radius)
            ]
            return None, jnp.stack(taps)

        _, taps_RxRxBxMxW = scan_rows(gradient_of_row, None, radius)
        taps_DxBxMxw = sum_columns(taps_RxRxBxMxW.reshape(-1, *taps_RxRxBxMxW.shape[2:]), cell)
        return jnp.transpose(taps_DxBxMxw, (1, 3, 2, 0))

    dy_hxBxMxCxcxW = cell_rows(dy_BxMxCxHxW, cell)
    dfilters_hxBxwxMxD = map_bands(gradient_of_bands, dy_hxBxMxCxcxW, frame_bands(frame, radius, cell))
    return jnp.zeros_like(frame), jnp.moveaxis(dfilters_hxBxwxMxD, 0, 1)


cell_conv.defvjp(_cell_conv_fwd, _cell_conv_bwd)


def _rows_in_front(filter_BxwxMxD):
    """The filters with rows and columns of displacements first, (2R+1, 2R+1, B, M, w)."""
    *shape, taps = filter_BxwxMxD.shape
    side = math.isqrt(taps)
    return jnp.transpose(filter_BxwxMxD.reshape(*shape, side, side), (3, 4, 0, 2, 1))
