"""The encoder: encodes each frame independently, at the resolution of the stem."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.blocks import block_width, residual_block_costs, residual_blocks
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Row, convolution
from vpn_anomaly.ops.space_to_depth import space_to_depth


class Encoder(nn.Module):
    """A 3×3 convolution over space-to-depth blocks of the frame, then residual blocks.

    `stem` 1 keeps the full resolution (as in the paper); s first moves s×s pixels into channels.
    """

    stem: int
    block: str
    channels: int
    dilations: tuple[int, ...]
    rematerialise: bool = False
    dtype: jnp.dtype = jnp.float32

    @property
    def width(self) -> int:
        """Output channels."""
        return block_width(self.block, self.channels)

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array) -> jax.Array:
        """Features (N, H/stem, W/stem, width) of frames with intensities in 0..1."""
        x = space_to_depth(frames_NxHxWxC, self.stem)
        x = Conv3x3(self.width, dtype=self.dtype, name="stem")(x)
        for block in residual_blocks(self.block, self.dilations, self.dtype, self.rematerialise):
            x = block(x)
        return x

    def costs(self, colours: int, cells: int) -> list[Row]:
        """For frames with `cells` cells of stem×stem pixels in total."""
        count = len(self.dilations)
        return [
            Row("encoder", "stem", convolution(self.stem**2 * colours, self.width, cells)),
            residual_block_costs("encoder", self.block, self.channels, count, cells, self.rematerialise),
        ]
