"""The ConvLSTM against flax.linen.ConvLSTMCell, forwards and under autodiff."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.ops.conv import conv3x3
from vpn_anomaly.ops.conv_lstm import conv_lstm

BATCH, TIME, SIDE, INPUTS, CHANNELS = 2, 5, 6, 3, 4


@jax.jit
def flax_outputs(params, x_BxTxHxWxC):
    """The outputs of Flax's own cell, step by step."""
    cell = nn.ConvLSTMCell(features=CHANNELS, kernel_size=(3, 3))
    carry = (jnp.zeros((BATCH, SIDE, SIDE, CHANNELS)),) * 2
    outputs = []
    for t in range(TIME):
        carry, h = cell.apply(params, carry, x_BxTxHxWxC[:, t])
        outputs.append(h)
    return jnp.stack(outputs, axis=1)


@jax.jit
def our_outputs(params, x_BxTxHxWxC):
    inputs, state = params["params"]["ih"], params["params"]["hh"]
    x = x_BxTxHxWxC.swapaxes(0, 1)
    gates = conv3x3(x.reshape(-1, *x.shape[2:]), inputs["kernel"]) + inputs["bias"]
    return conv_lstm(gates.reshape(*x.shape[:4], -1), state["kernel"]).swapaxes(0, 1)


def parameters_and_input():
    x = jax.random.normal(jax.random.key(0), (BATCH, TIME, SIDE, SIDE, INPUTS))
    cell = nn.ConvLSTMCell(features=CHANNELS, kernel_size=(3, 3))
    carry = (jnp.zeros((BATCH, SIDE, SIDE, CHANNELS)),) * 2
    return cell.init(jax.random.key(1), carry, x[:, 0]), x


def test_outputs_equal_those_of_flax():
    params, x = parameters_and_input()
    np.testing.assert_allclose(our_outputs(params, x), flax_outputs(params, x), atol=1e-5)


def test_gradients_equal_autodiff_of_flax():
    params, x = parameters_and_input()
    weight = jax.random.normal(jax.random.key(2), (BATCH, TIME, SIDE, SIDE, CHANNELS))
    gradients = [
        jax.grad(lambda p, x: jnp.sum(outputs(p, x) * weight), (0, 1))(params, x)
        for outputs in (our_outputs, flax_outputs)
    ]
    (ours, dx), (expected, expected_dx) = gradients
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-4, atol=1e-5)
    for part, name in (("ih", "kernel"), ("ih", "bias"), ("hh", "kernel")):
        got, want = ours["params"][part][name], expected["params"][part][name]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_the_cell_state_stays_float32_under_bfloat16():
    gates = jnp.full((60, 1, 2, 2, 4), 0.01, jnp.bfloat16)
    kernel = jnp.zeros((3, 3, 1, 4), jnp.bfloat16)
    exact = conv_lstm(gates.astype(jnp.float32), kernel.astype(jnp.float32))
    np.testing.assert_allclose(conv_lstm(gates, kernel).astype(jnp.float32), exact, rtol=2e-2)
    assert conv_lstm(gates, kernel).dtype == jnp.bfloat16
