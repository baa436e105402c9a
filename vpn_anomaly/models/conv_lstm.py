"""The ConvLSTM over time as a Flax module."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Row, StepSize, convolution
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.ops.conv_lstm import conv_lstm, next_state, zero_state


def encode_frames(encoder: Encoder, conv_lstm: "ConvLSTM", frames_BxTxHxWxC: jax.Array, state=None):
    """The ConvLSTM's outputs after each encoded frame, (B, T, h, w, L), and its final state.

    Intensities in 0..1. state: (c, h) before the first frame; None means zero.
    """
    batch, time = frames_BxTxHxWxC.shape[:2]
    features = encoder(frames_BxTxHxWxC.reshape(batch * time, *frames_BxTxHxWxC.shape[2:]))
    return conv_lstm(features.reshape(batch, time, *features.shape[1:]), state)


def memory_costs(encoder: Encoder, conv_lstm: "ConvLSTM", colours: int, step: StepSize) -> list[Row]:
    """Costs of the encoder and the ConvLSTM, over all frames that they read."""
    cells = step.sequences * step.frames * step.height * step.width // encoder.stem**2
    return [*encoder.costs(colours, cells), *conv_lstm.costs(encoder.width, cells)]


class ConvLSTM(nn.Module):
    """A 3×3 ConvLSTM: one convolution over the inputs of all steps, and one of the state per step.

    Gate order i, g, f, o and forget bias as in `flax.linen.ConvLSTMCell`; no peepholes.
    """

    features: int
    dtype: jnp.dtype = jnp.float32

    def setup(self):
        self.input = Conv3x3(4 * self.features, dtype=self.dtype)
        shape = (3, 3, self.features, 4 * self.features)
        self.state_kernel = self.param("state_kernel", nn.initializers.orthogonal(), shape)

    def __call__(self, x_BxTxHxWxC: jax.Array, state=None):
        """Returns the output of every step, (B, T, H, W, features), and the state after the last.

        state: (c, h) before the first step; None means zero. It receives no gradient.
        """
        gates = self.input(x_BxTxHxWxC.swapaxes(0, 1))
        state = zero_state(gates[0]) if state is None else state
        outputs, state = conv_lstm(gates, self.state_kernel.astype(self.dtype), state)
        return outputs.swapaxes(0, 1), state

    def step(self, state, x_BxHxWxC: jax.Array):
        """The state (c, h) after one more input; h, (B, H, W, features), is the output."""
        kernel = self.state_kernel.astype(self.dtype)
        return next_state(state, self.input(x_BxHxWxC), kernel)[0]

    def costs(self, inputs: int, positions: int) -> list[Row]:
        """For inputs with `inputs` channels, at the given number of positions, summed over all steps."""
        gates = 4 * self.features
        return [
            Row("ConvLSTM", "input", convolution(inputs, gates, positions)),
            Row("ConvLSTM", "state", convolution(self.features, gates, positions, bias=False)),
        ]
