"""A convolutional autoencoder of single frames."""

import flax.linen as nn
import jax
import jax.numpy as jnp

HALVINGS = 3


class FrameAutoencoder(nn.Module):
    """Three 3×3 convolutions of stride 2, a 1×1 convolution to the code, and the way back.

    Attributes:
        channels: of the first layer; they double with every halving.
        code: channels of the code, at an eighth of the resolution.
        colours: 1 or 3.
    """

    channels: int
    code: int
    colours: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array) -> jax.Array:
        """The frames again; intensities in 0..1."""
        widths = [self.channels * 2**number for number in range(HALVINGS)]
        x = frames_NxHxWxC
        for width in widths:
            x = nn.relu(nn.Conv(width, (3, 3), strides=2, dtype=self.dtype)(x))
        x = nn.Dense(self.code, dtype=self.dtype, name="code")(x)
        x = nn.relu(nn.Dense(widths[-1], dtype=self.dtype, name="decode")(x))
        for width in reversed(widths[:-1]):
            x = nn.relu(nn.ConvTranspose(width, (4, 4), strides=(2, 2), dtype=self.dtype)(x))
        x = nn.ConvTranspose(self.colours, (4, 4), strides=(2, 2), dtype=self.dtype, name="output")(x)
        return nn.sigmoid(x).astype(jnp.float32)
