"""The 3×3 convolution and its gradients against XLA's own under autodiff."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from vpn_anomaly.ops.conv import conv3x3


def reference(x, kernel, dilation):
    return lax.conv_general_dilated(
        x,
        kernel,
        (1, 1),
        "SAME",
        rhs_dilation=(dilation,) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def with_gradients(convolve, dilation, x, kernel, dz):
    z, backward = jax.vjp(lambda x, kernel: convolve(x, kernel, dilation), x, kernel)
    return z, backward(dz)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("images, side, channels, outputs", [(7, 6, 3, 5), (12, 16, 64, 8), (2, 4, 130, 3)])
def test_forward_and_gradients_equal_those_of_xla(images, side, channels, outputs, dilation):
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)
    x, dz = normal(images, side, side + 1, channels), normal(images, side, side + 1, outputs)
    kernel = normal(3, 3, channels, outputs) / np.float32(channels) ** 0.5
    z, gradients = with_gradients(conv3x3, dilation, x, kernel, dz)
    expected, expected_gradients = with_gradients(reference, dilation, x, kernel, dz)
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-4)
    for got, want in zip(gradients, expected_gradients):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-3)


def test_bfloat16_keeps_its_dtype_forwards_and_backwards():
    x, kernel = jnp.ones((2, 4, 4, 3), jnp.bfloat16), jnp.ones((3, 3, 3, 2), jnp.bfloat16)
    z, backward = jax.vjp(jax.jit(conv3x3), x, kernel)
    dx, dkernel = backward(z)
    assert {z.dtype, dx.dtype, dkernel.dtype} == {jnp.dtype("bfloat16")}
