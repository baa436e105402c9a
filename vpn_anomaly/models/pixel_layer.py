"""Upsampling from the stem's resolution to full resolution."""

import flax.linen as nn
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Cost, convolution, dense
from vpn_anomaly.ops.precision import EXACT
from vpn_anomaly.ops.space_to_depth import depth_to_space


def pixel_layer(x_BxhxwxC, pixels_BxHxWxC, stem: int, channels: int, dtype):
    """Upsamples x to full resolution and combines it with the pixels, (B, H, W, channels).

    To be called from a compact method: its layers belong to the calling module.
    """
    inner = max(channels // 2, 1)
    x = nn.Dense(inner * stem**2, dtype=dtype, precision=EXACT, name="to_pixels")(nn.relu(x_BxhxwxC))
    x = jnp.concatenate([depth_to_space(x, stem), pixels_BxHxWxC], axis=-1)
    return nn.relu(Conv3x3(channels, dtype=dtype, name="pixels")(x))


def pixel_layer_cost(inputs: int, pixel_inputs: int, channels: int, stem: int, cells: int) -> Cost:
    """The cost of `pixel_layer`, for the given number of cells of stem×stem pixels."""
    inner, pixels = max(channels // 2, 1), stem**2
    to_pixels = dense(inputs, inner * pixels, cells)
    return to_pixels + convolution(inner + pixel_inputs, channels, cells * pixels)
