"""The encoder: every frame by itself, at the resolution of the stem."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.blocks import block_width, residual_block_costs, residual_blocks
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Row, convolution
from vpn_anomaly.ops.space_to_depth import space_to_depth


class Encoder(nn.Module):
    """A 3×3 convolution over space-to-depth blocks of the frame, then residual blocks.

    `stem` 1 keeps the full resolution (the paper); s puts s×s pixels into channels first.
    """

    stem: int
    block: str
    channels: int
    dilations: tuple[int, ...]
    rematerialise: bool = False
    dtype: jnp.dtype = jnp.float32

    @property
    def width(self) -> int:
        """Channels of its output."""
        return block_width(self.block, self.channels)

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array) -> jax.Array:
        """Frames of intensities in 0..1 to (N, H/stem, W/stem, width of the blocks)."""
        x = space_to_depth(frames_NxHxWxC, self.stem)
        x = Conv3x3(self.width, dtype=self.dtype, name="stem")(x)
        for block in residual_blocks(self.block, self.dilations, self.dtype, self.rematerialise):
            x = block(x)
        return x

    def costs(self, colours: int, cells: int) -> list[Row]:
        """Of frames that have so many cells of stem×stem pixels, all together."""
        count = len(self.dilations)
        return [
            Row("encoder", "stem", convolution(self.stem**2 * colours, self.width, cells)),
            residual_block_costs("encoder", self.block, self.channels, count, cells, self.rematerialise),
        ]
