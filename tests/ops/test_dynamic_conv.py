"""Convolutions with filters of a sample or a cell, against loops and autodiff."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from vpn_anomaly.ops import bands
from vpn_anomaly.ops.dynamic_conv import cell_conv, sample_conv, sample_depthwise_conv
from vpn_anomaly.ops.platform import ByPlatform


def normal(number, *shape):
    return np.random.default_rng(number).normal(size=shape).astype(np.float32)


def plain_conv(x_HxWxC, filter_kxkxCxO):
    dimensions = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        x_HxWxC[None], filter_kxkxCxO, (1, 1), "SAME", dimension_numbers=dimensions
    )[0]


def plain_sample_conv(x, filters):
    return jnp.stack([plain_conv(*pair) for pair in zip(x, filters)])


def plain_sample_depthwise_conv(x_BxKxHxWxC, filter_BxKxkxkxC):
    """Each sample, frame and channel by itself, then the sum over frames."""
    batch, frames, _, _, channels = x_BxKxHxWxC.shape
    one = lambda b, k, c: plain_conv(
        x_BxKxHxWxC[b, k, :, :, c : c + 1], filter_BxKxkxkxC[b, k, :, :, c, None, None]
    )
    samples = [[sum(one(b, k, c) for k in range(frames)) for c in range(channels)] for b in range(batch)]
    return jnp.stack([jnp.concatenate(sample, axis=-1) for sample in samples])


def plain_cell_conv(frame_BxCxHxW, filter_BxhxwxMxD, radius):
    """Every displacement of the whole frame, weighted by its filter tap at every pixel."""
    height, width = frame_BxCxHxW.shape[2:]
    cell = height // filter_BxhxwxMxD.shape[1]
    taps = filter_BxhxwxMxD.repeat(cell, axis=1).repeat(cell, axis=2)
    side = 2 * radius + 1
    pad = ((0, 0), (0, 0), (radius, radius), (radius, radius))
    padded = jnp.pad(frame_BxCxHxW, pad)
    out = 0
    for number in range(side**2):
        top, left = 2 * radius - number // side, 2 * radius - number % side
        source = padded[:, :, top : top + height, left : left + width]
        out += jnp.einsum("bhwm,bchw->bmchw", taps[..., number], source)
    return out


@functools.partial(jax.jit, static_argnums=0)
def with_gradients(function, dy, *arguments):
    y, backward = jax.vjp(function, *arguments)
    return y, backward(dy)


def assert_equal_with_gradients(ours, plain, *arguments):
    dy = normal(9, *jax.eval_shape(plain, *arguments).shape)
    got, gradients = with_gradients(ours, dy, *arguments)
    want, expected_gradients = with_gradients(plain, dy, *arguments)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    for gradient, expected in zip(gradients, expected_gradients):
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


def test_sample_conv_is_a_convolution_a_sample():
    x, filters = normal(0, 3, 5, 6, 4), normal(1, 3, 3, 3, 4, 2)
    assert_equal_with_gradients(sample_conv, plain_sample_conv, x, filters)


def test_sample_depthwise_conv_is_a_filter_a_channel_and_frame():
    x, filters = normal(0, 2, 3, 5, 6, 4), normal(1, 2, 3, 3, 3, 4)
    assert_equal_with_gradients(sample_depthwise_conv, plain_sample_depthwise_conv, x, filters)


@pytest.mark.parametrize("unrolled_radius", [0, 6])
def test_cell_conv_moves_the_frame_by_every_displacement(monkeypatch, unrolled_radius):
    monkeypatch.setattr(bands, "_UNROLLED_RADIUS", ByPlatform(unrolled_radius, unrolled_radius))
    frame, filters, radius = normal(0, 2, 3, 8, 12), normal(1, 2, 2, 3, 2, 25), 2
    ours = lambda filters: cell_conv(frame, filters, radius)
    plain = lambda filters: plain_cell_conv(frame, filters, radius)
    assert_equal_with_gradients(ours, plain, filters)


def test_cell_conv_gives_the_frame_no_gradient():
    frame, filters = normal(0, 1, 1, 4, 4), normal(1, 1, 1, 1, 1, 9)
    gradient = jax.jit(jax.grad(lambda frame: cell_conv(frame, filters, 1).sum()))(frame)
    np.testing.assert_array_equal(gradient, 0)
