"""A convolutional autoencoder of single frames."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.costs import Cost, Row, StepSize, convolution, dense
from vpn_anomaly.ops.precision import EXACT

HALVINGS = 3


class FrameAutoencoder(nn.Module):
    """Three 3×3 convolutions of stride 2, a 1×1 convolution to the code, and a mirrored decoder.

    Attributes:
        channels: of the first layer; doubled at every halving of the resolution.
        code: channels of the code, at an eighth of the resolution.
        colours: 1 or 3.
    """

    channels: int
    code: int
    colours: int
    dtype: jnp.dtype = jnp.float32

    @property
    def widths(self) -> list[int]:
        """Channels after each halving."""
        return [self.channels * 2**number for number in range(HALVINGS)]

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array) -> jax.Array:
        """The reconstructed frames, (N, H, W, C); intensities in 0..1."""
        widths, x = self.widths, frames_NxHxWxC
        for width in widths:
            x = nn.relu(nn.Conv(width, (3, 3), strides=2, dtype=self.dtype, precision=EXACT)(x))
        x = nn.Dense(self.code, dtype=self.dtype, precision=EXACT, name="code")(x)
        x = nn.relu(nn.Dense(widths[-1], dtype=self.dtype, precision=EXACT, name="decode")(x))
        for width in reversed(widths[:-1]):
            x = nn.relu(nn.ConvTranspose(width, (4, 4), strides=(2, 2), dtype=self.dtype, precision=EXACT)(x))
        x = nn.ConvTranspose(
            self.colours, (4, 4), strides=(2, 2), dtype=self.dtype, precision=EXACT, name="output"
        )(x)
        return nn.sigmoid(x).astype(jnp.float32)

    def costs(self, step: StepSize) -> list[Row]:
        """For one pass over every target frame."""
        pixels = step.sequences * step.targets * step.height * step.width
        widths, down, up = self.widths, Cost(), Cost()
        for number, (inputs, outputs) in enumerate(zip([self.colours, *widths], widths)):
            down += convolution(inputs, outputs, pixels // 4 ** (number + 1))
        # A transposed convolution of stride 2 applies its 4×4 kernel at every input position.
        for number, (inputs, outputs) in enumerate(zip(reversed(widths), [*widths[-2::-1], self.colours])):
            up += convolution(inputs, outputs, pixels // 4 ** (HALVINGS - number), side=4)
        codes = pixels // 4**HALVINGS
        code = dense(widths[-1], self.code, codes) + dense(self.code, widths[-1], codes)
        return [
            Row("encoder", "convolutions", down),
            Row("code", "1×1", code),
            Row("decoder", "convolutions", up),
        ]
