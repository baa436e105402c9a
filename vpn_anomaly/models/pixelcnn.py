"""The PixelCNN decoder of the Video Pixel Network: predicts every pixel from those before it, in raster order.

Two stacks cover the pixels before a given pixel: the vertical stack sees all rows above it; the
horizontal stack sees the pixels to its left in the same row, and the vertical stack. A single stack of
masked convolutions has a blind spot above and to the right (van den Oord et al., arXiv 1606.05328).
Masking is implemented by shifting: a 3×3 kernel shifted up by one row covers the current row and the
two above, so no multiplication is spent on masked weights. The first layers read pixels and exclude
the current one (mask A); later layers read features, which do not depend on the current pixel
(mask B), in every branch of the multiplicative units.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.blocks import multiply
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import (
    FORWARD_AND_BACKWARD,
    REMATERIALISED,
    Cost,
    Row,
    convolution,
    dense,
)
from vpn_anomaly.ops.precision import EXACT

REACH = 3  # pixels to the left in the first layer; features, including the current one, in later layers


class UpShiftedConv(nn.Module):
    """A 3×3 convolution shifted up by `rows`: it covers rows y − rows − 1 … y − rows + 1."""

    features: int
    rows: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x_BxHxWxC: jax.Array) -> jax.Array:
        height = x_BxHxWxC.shape[1]
        raised = jnp.pad(x_BxHxWxC, ((0, 0), (self.rows + 1, 0), (0, 0), (0, 0)))
        z = Conv3x3(self.features, dtype=self.dtype, name="conv")(raised[:, : height + 2])
        return z[:, 1 : height + 1]


class CausalBlock(nn.Module):
    """A residual multiplicative block in both stacks: 1×1 down from 2c to c channels, two units, 1×1 up.

    The vertical units convolve the current row and the two above, the horizontal ones the current
    feature and the two to its left; each horizontal unit also reads the vertical features at its position.
    """

    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, vertical_BxHxWxC, horizontal_BxHxWxC):
        width = vertical_BxHxWxC.shape[-1]
        channels = width // 2
        layer = lambda features, name: nn.Dense(features, dtype=self.dtype, precision=EXACT, name=name)
        v = layer(channels, "vertical_down")(vertical_BxHxWxC)
        h = layer(channels, "horizontal_down")(horizontal_BxHxWxC)
        for unit in ("1", "2"):
            z = UpShiftedConv(4 * channels, rows=1, dtype=self.dtype, name=f"vertical_{unit}")(v)
            v = multiply(v, z)
            reached = [shifted_right(h, number) for number in range(REACH)]
            joined = jnp.concatenate([*reached, v], axis=-1)
            h = multiply(h, layer(4 * channels, f"horizontal_{unit}")(joined))
        vertical = vertical_BxHxWxC + layer(width, "vertical_up")(v)
        return vertical, horizontal_BxHxWxC + layer(width, "horizontal_up")(h)


class PixelCNN(nn.Module):
    """Maps a frame and its condition to the input of the output layer at every pixel.

    Attributes:
        blocks: number of causal blocks.
        channels: c, inside their units; 2c between blocks.
        colours: 1 or 3. The colours of a pixel are predicted in order: features that depend on the first
            may be read for the second and third, those that depend on the second for the third
            (`colour_mask`).
        features: D, the features of each of these groups.
    """

    blocks: int
    channels: int
    colours: int
    features: int
    rematerialise: bool = False
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, frame_BxHxWxC: jax.Array, condition_BxHxWxF: jax.Array) -> jax.Array:
        """(B, H, W, D · colours). Intensities in 0..1; the condition may depend on earlier frames only."""
        layer = lambda features, name: nn.Dense(features, dtype=self.dtype, precision=EXACT, name=name)
        frame, width = frame_BxHxWxC.astype(self.dtype), 2 * self.channels
        above = UpShiftedConv(width, rows=2, dtype=self.dtype, name="above")(frame)
        v = above + layer(width, "condition_vertical")(condition_BxHxWxF)
        left = [shifted_right(frame, 1 + number) for number in range(REACH)]
        left = layer(width, "left")(jnp.concatenate(left, axis=-1))
        h = left + above + layer(width, "condition_horizontal")(condition_BxHxWxF)
        block = nn.remat(CausalBlock) if self.rematerialise else CausalBlock
        for number in range(self.blocks):
            v, h = block(self.dtype, name=f"block_{number}")(v, h)
        h = nn.relu(h)
        groups = [nn.relu(layer(self.features, "pixel")(h))]
        for colour in range(1, self.colours):
            known = jnp.concatenate([h, frame[..., :colour]], axis=-1)
            groups.append(nn.relu(layer(self.features, f"after_colour_{colour - 1}")(known)))
        return jnp.concatenate(groups, axis=-1)

    def costs(self, condition: int, images: int, height: int, width: int) -> list[Row]:
        """For `images` images of height × width pixels, with `condition` channels of condition."""
        inner, c, pixels = 2 * self.channels, self.channels, images * height * width
        raised = images * (height + 2) * width  # a shifted convolution computes two extra rows
        first = convolution(self.colours, inner, raised) + dense(REACH * self.colours, inner, pixels)
        first += dense(condition, inner, pixels) * 2
        unit = convolution(c, 4 * c, raised) + dense((REACH + 1) * c, 4 * c, pixels)
        ends = dense(inner, c, pixels) + dense(c, inner, pixels)
        block = (unit + ends) * 2
        last = Cost()
        for known in range(self.colours):
            last += dense(inner + known, self.features, pixels)
        passes = REMATERIALISED if self.rematerialise else FORWARD_AND_BACKWARD
        return [
            Row("decoder", "first layers", first),
            Row("decoder", f"{self.blocks} causal blocks", block * self.blocks, passes),
            Row("decoder", "last layers", last),
        ]


def colour_mask(features: int, colours: int) -> jax.Array:
    """Which feature groups each colour may read, 0 or 1, (D · colours, colours)."""
    group = jnp.arange(features * colours) // features
    return (group[:, None] <= jnp.arange(colours)).astype(jnp.float32)


def shifted_right(x_BxHxWxC: jax.Array, columns: int) -> jax.Array:
    """x[y, x − columns], with zeros filled in on the left."""
    width = x_BxHxWxC.shape[2]
    return jnp.pad(x_BxHxWxC, ((0, 0), (0, 0), (columns, 0), (0, 0)))[:, :, :width]
