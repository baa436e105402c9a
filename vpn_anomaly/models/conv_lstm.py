"""The ConvLSTM over time as a module."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.ops.conv_lstm import conv_lstm


def remember(encoder: nn.Module, conv_lstm: nn.Module, frames_BxTxHxWxC: jax.Array) -> jax.Array:
    """The ConvLSTM's outputs after every encoded frame, (B, T, h, w, L). Intensities in 0..1."""
    batch, time = frames_BxTxHxWxC.shape[:2]
    features = encoder(frames_BxTxHxWxC.reshape(batch * time, *frames_BxTxHxWxC.shape[2:]))
    return conv_lstm(features.reshape(batch, time, *features.shape[1:]))


class ConvLSTM(nn.Module):
    """A 3×3 ConvLSTM from zero state: one convolution of all inputs, one of the state a step.

    Gates i, g, f, o and forget bias as in `flax.linen.ConvLSTMCell`; no peepholes.
    """

    features: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x_BxTxHxWxC: jax.Array) -> jax.Array:
        """Returns the output of every step, (B, T, H, W, features)."""
        x_TxBxHxWxC = x_BxTxHxWxC.swapaxes(0, 1)
        gates = Conv3x3(4 * self.features, dtype=self.dtype, name="input")(x_TxBxHxWxC)
        shape = (3, 3, self.features, 4 * self.features)
        kernel = self.param("state_kernel", nn.initializers.orthogonal(), shape)
        return conv_lstm(gates, kernel.astype(self.dtype)).swapaxes(0, 1)
