"""Residual blocks against their formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.tiny import randomised
from vpn_anomaly.models.blocks import MultiplicativeUnit, ReluBlock, residual_blocks


def convolve(x, parameters, outputs=slice(None), dilation=1):
    z = lax.conv_general_dilated(
        x,
        parameters["kernel"][..., outputs],
        (1, 1),
        "SAME",
        rhs_dilation=(dilation,) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return z + parameters["bias"][outputs]


def example(module, channels):
    x = np.random.default_rng(1).normal(size=(2, 6, 6, channels)).astype(np.float32)
    return x, randomised(jax.eval_shape(module.init, jax.random.key(1), x)["params"], 0.3)


def test_multiplicative_unit_is_the_formula_with_four_convolutions():
    h, params = example(MultiplicativeUnit(dilation=2), 3)
    parts = [convolve(h, params["gates_and_update"], slice(3 * n, 3 * n + 3), dilation=2) for n in range(4)]
    g1, g2, g3 = (1 / (1 + jnp.exp(-z)) for z in parts[:3])
    expected = g1 * jnp.tanh(g2 * h + g3 * jnp.tanh(parts[3]))
    got = jax.jit(MultiplicativeUnit(dilation=2).apply)({"params": params}, h)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_relu_block_is_the_pre_activation_pair():
    x, params = example(ReluBlock(), 4)
    h = convolve(jnp.maximum(x, 0), params["conv_1"])
    expected = x + convolve(jnp.maximum(h, 0), params["conv_2"])
    got = jax.jit(ReluBlock().apply)({"params": params}, x)
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["rmb", "relu"])
def test_rematerialising_changes_no_gradient(kind):
    (plain,), (again,) = (residual_blocks(kind, (1,), jnp.float32, r) for r in (False, True))
    x, params = example(plain, 4)
    gradients = [
        jax.jit(jax.grad(lambda p, block=block: jnp.sum(block.apply({"params": p}, x) ** 2)))(params)
        for block in (plain, again)
    ]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), *gradients)
