"""The ConvLSTM over time as a Flax module."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import FORWARD_AND_BACKWARD, REMATERIALISED, Row, StepSize, convolution
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.ops.conv_lstm import conv_lstm, in_chunks, next_state, recurrence, zero_state


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

    Attributes:
        chunk: frames that are recomputed at once in the backward pass, with the convolution of their inputs;
            0: nothing is.
    """

    features: int
    dtype: jnp.dtype = jnp.float32
    chunk: int = 0

    def setup(self):
        self.input = Conv3x3(4 * self.features, dtype=self.dtype)
        shape = (3, 3, self.features, 4 * self.features)
        self.state_kernel = self.param("state_kernel", nn.initializers.orthogonal(), shape)

    def __call__(self, x_BxTxHxWxC: jax.Array, state=None):
        """Returns the output of every step, (B, T, H, W, features), and the state after the last.

        state: (c, h) before the first step; None means zero. It receives no gradient.
        """
        x_TxBxHxWxC = x_BxTxHxWxC.swapaxes(0, 1)
        if state is None:
            state = zero_state(jnp.zeros((*x_TxBxHxWxC.shape[1:4], 4 * self.features), self.dtype))
        if self.chunk and not self.is_initializing():
            outputs, state = self._in_chunks(state, x_TxBxHxWxC)
        else:
            gates = self.input(x_TxBxHxWxC)
            outputs, state = conv_lstm(gates, self.state_kernel.astype(self.dtype), state)
        return outputs.swapaxes(0, 1), state

    def step(self, state, x_BxHxWxC: jax.Array):
        """The state (c, h) after one more input; h, (B, H, W, features), is the output."""
        kernel = self.state_kernel.astype(self.dtype)
        return next_state(state, self.input(x_BxHxWxC), kernel)[0]

    def _in_chunks(self, state, x_TxBxHxWxC):
        # Weights outside, in float32: the gradients of all chunks are summed as they are.
        weights = (self.input.variables["params"], self.state_kernel)
        convolve = self.input.clone(parent=None, name=None)

        def of_chunk(state, x):
            of_input, of_state = weights
            gates = convolve.apply({"params": of_input}, x)
            outputs, state = recurrence(gates, of_state.astype(self.dtype), state)
            return state, outputs

        return in_chunks(of_chunk, state, x_TxBxHxWxC, self.chunk)

    def costs(self, inputs: int, positions: int) -> list[Row]:
        """For inputs with `inputs` channels, at the given number of positions, summed over all steps."""
        gates = 4 * self.features
        of_input = convolution(inputs, gates, positions)
        of_state = convolution(self.features, gates, positions, bias=False)
        passes = REMATERIALISED if self.chunk else FORWARD_AND_BACKWARD
        return [Row("ConvLSTM", "input", of_input, passes), Row("ConvLSTM", "state", of_state, passes)]
