"""The encoder: every frame by itself, at the resolution of the stem."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.blocks import block_width, residual_blocks
from vpn_anomaly.models.conv import Conv3x3
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

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array) -> jax.Array:
        """Frames of intensities in 0..1 to (N, H/stem, W/stem, width of the blocks)."""
        x = space_to_depth(frames_NxHxWxC, self.stem)
        x = Conv3x3(block_width(self.block, self.channels), dtype=self.dtype, name="stem")(x)
        for block in residual_blocks(self.block, self.dilations, self.dtype, self.rematerialise):
            x = block(x)
        return x
