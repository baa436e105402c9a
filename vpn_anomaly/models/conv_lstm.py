"""The ConvLSTM over time as a module."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.ops.conv_lstm import conv_lstm, next_state, zero_state


def remember(encoder: nn.Module, conv_lstm: nn.Module, frames_BxTxHxWxC: jax.Array, state=None):
    """The ConvLSTM's outputs after every encoded frame, (B, T, h, w, L), and its state after all.

    Intensities in 0..1. state: (c, h) before the first frame; None: zero.
    """
    batch, time = frames_BxTxHxWxC.shape[:2]
    features = encoder(frames_BxTxHxWxC.reshape(batch * time, *frames_BxTxHxWxC.shape[2:]))
    return conv_lstm(features.reshape(batch, time, *features.shape[1:]), state)


class ConvLSTM(nn.Module):
    """A 3×3 ConvLSTM: one convolution of all inputs, one of the state a step.

    Gates i, g, f, o and forget bias as in `flax.linen.ConvLSTMCell`; no peepholes.
    """

    features: int
    dtype: jnp.dtype = jnp.float32

    def setup(self):
        self.input = Conv3x3(4 * self.features, dtype=self.dtype)
        shape = (3, 3, self.features, 4 * self.features)
        self.state_kernel = self.param("state_kernel", nn.initializers.orthogonal(), shape)

    def __call__(self, x_BxTxHxWxC: jax.Array, state=None):
        """Returns the output of every step, (B, T, H, W, features), and the state after the last.

        state: (c, h) before the first step; None: zero. It gets no gradient.
        """
        gates = self.input(x_BxTxHxWxC.swapaxes(0, 1))
        state = zero_state(gates[0]) if state is None else state
        outputs, state = conv_lstm(gates, self.state_kernel.astype(self.dtype), state)
        return outputs.swapaxes(0, 1), state

    def step(self, state, x_BxHxWxC: jax.Array):
        """The state (c, h) after one more input; h is the output, (B, H, W, features)."""
        kernel = self.state_kernel.astype(self.dtype)
        return next_state(state, self.input(x_BxHxWxC), kernel)[0]
