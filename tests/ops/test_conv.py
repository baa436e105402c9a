"""The 3×3 convolution and its gradients against XLA's own under autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from vpn_anomaly.ops.conv import conv3x3


def reference(x, kernel, dilation):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", rhs_dilation=(dilation,) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("images, side, channels, outputs", [(7, 6, 3, 5), (12, 16, 64, 8), (2, 4, 130, 3)])
def test_forward_and_gradients_equal_those_of_xla(images, side, channels, outputs, dilation):
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (images, side, side + 1, channels))
    kernel = jax.random.normal(keys[1], (3, 3, channels, outputs)) / channels**0.5
    dz = jax.random.normal(keys[2], (images, side, side + 1, outputs))
    z, backward = jax.vjp(jax.jit(lambda x, k: conv3x3(x, k, dilation)), x, kernel)
    expected, expected_backward = jax.vjp(lambda x, k: reference(x, k, dilation), x, kernel)
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-4)
    for got, want in zip(backward(dz), expected_backward(dz)):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-3)


def test_bfloat16_keeps_its_dtype_forwards_and_backwards():
    x, kernel = jnp.ones((2, 4, 4, 3), jnp.bfloat16), jnp.ones((3, 3, 3, 2), jnp.bfloat16)
    z, backward = jax.vjp(conv3x3, x, kernel)
    dx, dkernel = backward(z)
    assert {z.dtype, dx.dtype, dkernel.dtype} == {jnp.dtype("bfloat16")}
