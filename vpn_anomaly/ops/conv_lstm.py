"""The recurrence of a convolutional LSTM, with a custom gradient.

Autodiff of a scanned ConvLSTM cell computes one weight gradient per time step, inside the backward
scan. Here the backward scan computes only the gradient of the pre-activations; the weight gradient
is computed once afterwards, over all steps together. Where memory does not suffice for what the backward
scan needs of every step, a sequence is taken `in_chunks`, each with a weight gradient of its own.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from vpn_anomaly.ops.conv import conv3x3, input_gradient, weight_gradient

FORGET_BIAS = 1.0


def conv_lstm(gates_TxBxHxWx4C: jax.Array, kernel_3x3xCx4C: jax.Array, state):
    """The outputs h of a ConvLSTM, (T, B, H, W, C), and its state (c, h) after the last step.

        z_t = gates_t + kernel ∗ h_{t-1};   i, g, f, o = split(z_t)
        c_t = σ(f + 1) c_{t-1} + σ(i) tanh(g);   h_t = σ(o) tanh(c_t)

    The order of the gates and the forget bias are the same as in `flax.linen.ConvLSTMCell`.

    Args:
        gates_TxBxHxWx4C: the input's contribution to the pre-activations, including the bias.
        kernel_3x3xCx4C: the recurrent convolution.
        state: (c, h) before the first step, (B, H, W, C) each; see `zero_state`.

    The cell state is float32; the outputs have the dtype of the gates. Gradients flow through the
    outputs only: none to the initial state, and none from the final one.
    """
    outputs, last = recurrence(gates_TxBxHxWx4C, kernel_3x3xCx4C, lax.stop_gradient(state))
    return outputs, lax.stop_gradient(last)


@jax.custom_vjp
def recurrence(gates_TxBxHxWx4C: jax.Array, kernel_3x3xCx4C: jax.Array, state):
    """`conv_lstm` with gradients through both states as well, so that a sequence can be taken in parts."""
    return _forward(gates_TxBxHxWx4C, kernel_3x3xCx4C, state)[0]


def in_chunks(of_chunk: Callable, state, x_TxB: jax.Array, frames: int):
    """The outputs of all steps, and the last state, of a recurrence that is recomputed in the backward pass.

    Of the forward pass only the states between chunks of so many frames remain, and what it reads; the backward pass
    repeats one chunk at a time. Frames beyond whole chunks come first, in a chunk of their own. No gradient flows to
    the initial state, and none from the final one, as in `conv_lstm`.

    Args:
        of_chunk: (state, x (t, B, …)) -> (state, outputs (t, B, …)), through which gradients flow.
        x_TxB: what the recurrence reads, (T, B, …).
    """
    frames = min(frames, len(x_TxB))
    state, first, outputs = lax.stop_gradient(state), len(x_TxB) % frames, []
    if first:
        state, made = jax.checkpoint(of_chunk)(state, x_TxB[:first])
        outputs.append(made)
    chunks = x_TxB[first:].reshape(-1, frames, *x_TxB.shape[1:])
    state, made = lax.scan(jax.checkpoint(of_chunk, prevent_cse=False), state, chunks)
    outputs.append(made.reshape(-1, *made.shape[2:]))
    return jnp.concatenate(outputs), lax.stop_gradient(state)


def zero_state(gates_xHxWx4C):
    """The initial cell state and output, zeros (..., H, W, C) each."""
    zeros = jnp.zeros_like(gates_xHxWx4C[..., : gates_xHxWx4C.shape[-1] // 4])
    return zeros.astype(jnp.float32), zeros


def next_state(state, gates_BxHxWx4C, kernel_3x3xCx4C):
    """One step of `conv_lstm`: the state (c, h) after it, and the pre-activations."""
    c, h = state
    z = gates_BxHxWx4C + conv3x3(h, kernel_3x3xCx4C)
    return cell(z, c), z


def _forward(gates, kernel, state):
    def step(state, gates_t):
        (c, h), z = next_state(state, gates_t, kernel)
        return (c, h), (h, z, c)

    last, (h, z, c) = lax.scan(step, state, gates)
    return (h, last), z, c


def cell(z, c):
    """Maps pre-activations z (..., 4C) and cell state c (..., C) to the new c and the output h."""
    i, f, o, g = _activations(z)
    c = f * c + i * g
    return c, (o * jnp.tanh(c)).astype(z.dtype)


def _activations(z_x4C):
    """The gates i, f and o, and the update g, in float32: one sigmoid for all, which is faster than three."""
    z = z_x4C.astype(jnp.float32)
    of_forget = np.repeat(np.float32([0, 0, FORGET_BIAS, 0]), z.shape[-1] // 4)
    i, _, f, o = jnp.split(jax.nn.sigmoid(z + of_forget), 4, axis=-1)
    return i, f, o, jnp.tanh(jnp.split(z, 4, axis=-1)[1])


def _recurrence_fwd(gates, kernel, state):
    (h, last), z, c = _forward(gates, kernel, state)
    return (h, last), (h, z, c, kernel, state)


def _recurrence_bwd(saved, gradients):
    dh_TxBxHxWxC, of_last = gradients
    h, z, c, kernel, (c_first, h_first) = saved
    before = lambda x, first: jnp.concatenate([first[None], x[:-1]])

    def step(gradients, at_t):
        dc, dh_next = gradients
        dh, z_t, c_t, c_before = at_t
        dz, dc = _cell_gradient(z_t, c_t, c_before, dh + dh_next, dc)
        return (dc, input_gradient(dz, kernel)), dz

    of_first, dz = lax.scan(step, of_last, (dh_TxBxHxWxC, z, c, before(c, c_first)), reverse=True)
    images = lambda x: x.reshape(-1, *x.shape[2:])
    dkernel = weight_gradient(images(before(h, h_first)), images(dz))
    return dz, dkernel.astype(kernel.dtype), of_first


def _cell_gradient(z, c, c_before, dh, dc):
    """The gradients of one cell with respect to its pre-activations and its previous cell state."""
    (i, f, o, g), tanh_c = _activations(z), jnp.tanh(c)
    dh = dh.astype(jnp.float32)
    dc = dc + dh * o * (1 - tanh_c**2)
    di = dc * g * i * (1 - i)
    dg = dc * i * (1 - g**2)
    df = dc * c_before * f * (1 - f)
    do = dh * tanh_c * o * (1 - o)
    dz = jnp.concatenate([di, dg, df, do], axis=-1).astype(z.dtype)
    return dz, dc * f


recurrence.defvjp(_recurrence_fwd, _recurrence_bwd)
