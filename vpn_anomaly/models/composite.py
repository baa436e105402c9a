"""The composite ConvLSTM encoder-decoder: it reconstructs its input and predicts future frames.

After Medel and Savakis (arXiv 1612.00390) and Srivastava et al. (arXiv 1502.04681). Their layer
sizes are not published; the sizes here are this project's own.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.models.costs import Cost, Row, StepSize, convolution, dense
from vpn_anomaly.ops.conv import conv3x3
from vpn_anomaly.ops.conv_lstm import cell
from vpn_anomaly.ops.precision import EXACT
from vpn_anomaly.ops.space_to_depth import depth_to_space, space_to_depth


class ConvLSTMStack(nn.Module):
    """The parameters of stacked ConvLSTM layers, for `stack_step`.

    Attributes:
        inputs: input channels; 0 for a stack that receives no input.
        channels: channels of each layer.
        layers: number of layers.
    """

    inputs: int
    channels: int
    layers: int

    @nn.compact
    def __call__(self) -> list[tuple[jax.Array, jax.Array]]:
        """The kernel (3, 3, inputs + channels, 4 · channels) and bias of every layer."""
        weights = []
        for layer in range(self.layers):
            inputs = self.channels if layer else self.inputs
            shape = (3, 3, inputs + self.channels, 4 * self.channels)
            kernel = self.param(f"kernel_{layer}", nn.initializers.lecun_normal(), shape)
            bias = self.param(f"bias_{layer}", nn.initializers.zeros, (4 * self.channels,))
            weights.append((kernel, bias))
        return weights

    def cost(self, positions: int) -> Cost:
        """At the given number of positions, summed over all steps."""
        cost = Cost()
        for layer in range(self.layers):
            read = self.channels + (self.channels if layer else self.inputs)
            cost += convolution(read, 4 * self.channels, positions)
        return cost


def stack_step(weights, state, x_BxHxWxC):
    """One step of all layers; state is a list of (c, h), one per layer. x is None if there is no input."""
    after = []
    for (kernel, bias), (c, h) in zip(weights, state):
        joined = h if x_BxHxWxC is None else jnp.concatenate([x_BxHxWxC, h], axis=-1)
        z = conv3x3(joined, kernel.astype(h.dtype)) + bias.astype(h.dtype)
        c, h = cell(z, c)
        after.append((c, h))
        x_BxHxWxC = h
    return after


class CompositeAutoencoder(nn.Module):
    """An encoder, and two decoders that start from its final state: one runs backward, one forward in time.

    Attributes:
        stem: block size of the space-to-depth input and depth-to-space output.
        channels, layers: of each stack.
        future: number of predicted frames.
        colours: 1 or 3.
        conditioned: each decoder reads its own previous output frame (black at first).
    """

    stem: int
    channels: int
    layers: int
    future: int
    colours: int
    conditioned: bool
    dtype: jnp.dtype = jnp.float32

    @property
    def squares(self) -> int:
        """Channels of a frame after space-to-depth."""
        return self.stem**2 * self.colours

    @nn.compact
    def __call__(self, frames_BxPxHxWxC: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The P frames reconstructed, (B, P, H, W, C), and the next predicted, (B, future, H, W, C); in 0..1."""
        x_PxBxHxWxC = space_to_depth(frames_BxPxHxWxC, self.stem).swapaxes(0, 1).astype(self.dtype)
        weights = ConvLSTMStack(self.squares, self.channels, self.layers, name="encoder")()
        zero = jnp.zeros((*x_PxBxHxWxC.shape[1:4], self.channels), self.dtype)
        state = [(zero.astype(jnp.float32), zero)] * self.layers
        state, _ = lax.scan(lambda state, x: (stack_step(weights, state, x), None), state, x_PxBxHxWxC)
        past = self._decoder("reconstruction", state, frames_BxPxHxWxC.shape[1])
        return past[:, ::-1], self._decoder("prediction", state, self.future)

    def _decoder(self, name, state, steps):
        squares = self.squares
        inputs = squares if self.conditioned else 0
        weights = ConvLSTMStack(inputs, self.channels, self.layers, name=name)()
        shape = (self.channels, squares)
        kernel = self.param(f"{name}_kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param(f"{name}_bias", nn.initializers.zeros, (squares,))

        def step(carry, _):
            state, frame = carry
            state = stack_step(weights, state, frame if self.conditioned else None)
            logits = jnp.matmul(state[-1][1], kernel.astype(self.dtype), precision=EXACT)
            frame = nn.sigmoid(logits + bias.astype(self.dtype))
            return (state, frame), frame

        black = jnp.zeros((*state[0][0].shape[:3], squares), self.dtype)
        _, frames_SxBxHxWxC = lax.scan(step, (state, black), None, length=steps)
        return depth_to_space(frames_SxBxHxWxC.swapaxes(0, 1), self.stem).astype(jnp.float32)

    def costs(self, past: int, step: StepSize) -> list[Row]:
        """For one window per sequence, with `past` input frames."""
        cells, squares = step.sequences * step.height * step.width // self.stem**2, self.squares
        stack = lambda inputs: ConvLSTMStack(inputs, self.channels, self.layers, parent=None)
        decoder = stack(squares if self.conditioned else 0)
        return [
            Row("encoder", f"{past} steps", stack(squares).cost(cells * past)),
            *(
                Row(
                    name,
                    f"{steps} steps",
                    decoder.cost(cells * steps) + dense(self.channels, squares, cells * steps),
                )
                for name, steps in (("reconstruction", past), ("prediction", self.future))
            ),
        ]
