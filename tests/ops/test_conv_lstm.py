"""The ConvLSTM against flax.linen.ConvLSTMCell, forwards and under autodiff."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.ops.conv import conv3x3
from vpn_anomaly.ops.conv_lstm import conv_lstm, zero_state

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
    gates = gates.reshape(*x.shape[:4], -1)
    outputs, _ = conv_lstm(gates, state["kernel"], zero_state(gates[0]))
    return outputs.swapaxes(0, 1)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def parameters_and_input():
    x = normal(0, BATCH, TIME, SIDE, SIDE, INPUTS)
    cell = nn.ConvLSTMCell(features=CHANNELS, kernel_size=(3, 3))
    carry = (np.zeros((BATCH, SIDE, SIDE, CHANNELS), np.float32),) * 2
    return jax.jit(cell.init)(jax.random.key(1), carry, x[:, 0]), x


def test_outputs_equal_those_of_flax():
    params, x = parameters_and_input()
    np.testing.assert_allclose(our_outputs(params, x), flax_outputs(params, x), atol=1e-5)


def test_gradients_equal_autodiff_of_flax():
    params, x = parameters_and_input()
    weight = normal(2, BATCH, TIME, SIDE, SIDE, CHANNELS)
    gradients = [
        jax.jit(jax.grad(lambda p, x: jnp.sum(outputs(p, x) * weight), (0, 1)))(params, x)
        for outputs in (our_outputs, flax_outputs)
    ]
    (ours, dx), (expected, expected_dx) = gradients
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-4, atol=1e-5)
    for part, name in (("ih", "kernel"), ("ih", "bias"), ("hh", "kernel")):
        got, want = ours["params"][part][name], expected["params"][part][name]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_a_sequence_in_two_parts_is_the_sequence():
    gates = normal(3, TIME, BATCH, SIDE, SIDE, 4 * CHANNELS)
    kernel = 0.3 * normal(4, 3, 3, CHANNELS, 4 * CHANNELS)
    run = jax.jit(conv_lstm)
    whole, last = run(gates, kernel, zero_state(gates[0]))
    first, state = run(gates[:2], kernel, zero_state(gates[0]))
    second, end = run(gates[2:], kernel, state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), end, last)
    np.testing.assert_array_equal(last[1], whole[-1])


def test_gradients_from_a_state_equal_autodiff_of_single_steps():
    gates, kernel = normal(3, 3, 1, 4, 4, 8), 0.3 * normal(4, 3, 3, 2, 8)
    state, weight = (normal(5, 1, 4, 4, 2), normal(6, 1, 4, 4, 2)), normal(7, 3, 1, 4, 4, 2)

    def plain(gates, kernel):
        (c, h), outputs = state, []
        for gates_t in gates:
            z = gates_t + jax.lax.conv_general_dilated(
                h, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            i, g, f, o = jnp.split(z, 4, axis=-1)
            c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            outputs.append(h)
        return jnp.sum(jnp.stack(outputs) * weight)

    ours = lambda gates, kernel: jnp.sum(conv_lstm(gates, kernel, state)[0] * weight)
    for got, want in zip(*(jax.jit(jax.grad(f, (0, 1)))(gates, kernel) for f in (ours, plain)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_the_state_before_gets_no_gradient():
    gates, kernel = jnp.ones((2, 1, 3, 3, 4)), jnp.ones((3, 3, 1, 4))
    summed = jax.jit(jax.grad(lambda state: conv_lstm(gates, kernel, state)[0].sum()))
    gradient = summed(zero_state(gates[0]))
    assert not any(leaf.any() for leaf in gradient)


def test_the_cell_state_stays_float32_under_bfloat16():
    gates = jnp.full((60, 1, 2, 2, 4), 0.01, jnp.bfloat16)
    kernel = jnp.zeros((3, 3, 1, 4), jnp.bfloat16)
    run = jax.jit(conv_lstm)
    outputs, (c, h) = run(gates, kernel, zero_state(gates[0]))
    gates, kernel = gates.astype(jnp.float32), kernel.astype(jnp.float32)
    exact, _ = run(gates, kernel, zero_state(gates[0]))
    np.testing.assert_allclose(outputs.astype(jnp.float32), exact, rtol=2e-2)
    assert (outputs.dtype, h.dtype, c.dtype) == (jnp.bfloat16, jnp.bfloat16, jnp.float32)
