"""Space-to-depth: moves blocks of pixels into channels, and back."""

import jax


def space_to_depth(x_BxHxWxC: jax.Array, block: int) -> jax.Array:
    """Turns each block×block square of pixels into channels: (B, H/block, W/block, block²·C)."""
    *batch, height, width, channels = x_BxHxWxC.shape
    x = x_BxHxWxC.reshape(*batch, height // block, block, width // block, block, channels)
    x = x.swapaxes(-4, -3)
    return x.reshape(*batch, height // block, width // block, block * block * channels)


def depth_to_space(x_BxHxWxC: jax.Array, block: int) -> jax.Array:
    """The inverse of `space_to_depth`: (B, H·block, W·block, C/block²)."""
    *batch, height, width, channels = x_BxHxWxC.shape
    x = x_BxHxWxC.reshape(*batch, height, width, block, block, channels // block**2)
    x = x.swapaxes(-4, -3)
    return x.reshape(*batch, height * block, width * block, channels // block**2)
