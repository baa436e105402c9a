"""From the stem's resolution to the full one."""

import flax.linen as nn
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Cost, convolution, dense
from vpn_anomaly.ops.space_to_depth import depth_to_space


def pixel_layer(x_BxhxwxC, pixels_BxHxWxC, stem: int, channels: int, dtype):
    """From the stem's resolution to the full one, where the pixels are read as well, (B, H, W, channels).

    For a compact method: its layers are those of the module that calls.
    """
    inner = max(channels // 2, 1)
    x = nn.Dense(inner * stem**2, dtype=dtype, name="to_pixels")(nn.relu(x_BxhxwxC))
    x = jnp.concatenate([depth_to_space(x, stem), pixels_BxHxWxC], axis=-1)
    return nn.relu(Conv3x3(channels, dtype=dtype, name="pixels")(x))


def pixel_layer_cost(inputs: int, pixel_inputs: int, channels: int, stem: int, cells: int) -> Cost:
    """`pixel_layer`, from so many cells of stem×stem pixels."""
    inner, pixels = max(channels // 2, 1), stem**2
    to_pixels = dense(inputs, inner * pixels, cells)
    return to_pixels + convolution(inner + pixel_inputs, channels, cells * pixels)
