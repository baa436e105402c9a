"""The PixelCNN decoder of the Video Pixel Network: every pixel from those before it, in raster order.

Two stacks see what came before a pixel: the vertical one all rows above it, the horizontal one the
pixels left of it in its row, and the vertical one. One stack of masked convolutions alone has a
blind spot to the right above (van den Oord et al., arXiv 1606.05328). A mask is made by a shift: a
3×3 kernel that looks one row higher covers this row and two above, so that no weight is multiplied
that a mask would erase. The first layers look at pixels and leave out the present one
(mask A); the later ones look at features, which know nothing of the present pixel (mask B), in
every branch of the multiplicative units.
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

REACH = 3  # pixels to the left in the first layer, features (the own one included) in later ones


class RaisedConv(nn.Module):
    """A 3×3 convolution that looks `rows` higher: over rows y − rows − 1 … y − rows + 1."""

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
    """A residual multiplicative block in both stacks: 1×1 down from 2c, two units, 1×1 up.

    The vertical units convolve this row and two above, the horizontal ones this feature and two to
    the left; the vertical features of the same place join each horizontal unit.
    """

    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, vertical_BxHxWxC, horizontal_BxHxWxC):
        width = vertical_BxHxWxC.shape[-1]
        channels = width // 2
        layer = lambda features, name: nn.Dense(features, dtype=self.dtype, name=name)
        v = layer(channels, "vertical_down")(vertical_BxHxWxC)
        h = layer(channels, "horizontal_down")(horizontal_BxHxWxC)
        for unit in ("1", "2"):
            z = RaisedConv(4 * channels, rows=1, dtype=self.dtype, name=f"vertical_{unit}")(v)
            v = multiply(v, z)
            reached = [moved_right(h, number) for number in range(REACH)]
            joined = jnp.concatenate([*reached, v], axis=-1)
            h = multiply(h, layer(4 * channels, f"horizontal_{unit}")(joined))
        vertical = vertical_BxHxWxC + layer(width, "vertical_up")(v)
        return vertical, horizontal_BxHxWxC + layer(width, "horizontal_up")(h)


class PixelCNN(nn.Module):
    """Frame and condition to what the output layer reads at every pixel.

    Attributes:
        blocks: causal blocks.
        channels: c, of their units; 2c around them.
        colours: 1 or 3. Colours of a pixel come in order: what depends on the first colour may be
            read for the second and third, what depends on the second for the third
            (`colour_mask`).
        features: D, for each of these groups.
    """

    blocks: int
    channels: int
    colours: int
    features: int
    rematerialise: bool = False
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, frame_BxHxWxC: jax.Array, condition_BxHxWxF: jax.Array) -> jax.Array:
        """(B, H, W, D · colours). Intensities in 0..1; the condition may know earlier frames only."""
        layer = lambda features, name: nn.Dense(features, dtype=self.dtype, name=name)
        frame, width = frame_BxHxWxC.astype(self.dtype), 2 * self.channels
        above = RaisedConv(width, rows=2, dtype=self.dtype, name="above")(frame)
        v = above + layer(width, "condition_vertical")(condition_BxHxWxF)
        left = [moved_right(frame, 1 + number) for number in range(REACH)]
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
        """On so many images of height × width pixels, with so many channels of condition."""
        inner, c, pixels = 2 * self.channels, self.channels, images * height * width
        raised = images * (height + 2) * width  # a raised convolution has two rows more
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
    """Which groups of features each colour may read, 0/1 (D · colours, colours)."""
    group = jnp.arange(features * colours) // features
    return (group[:, None] <= jnp.arange(colours)).astype(jnp.float32)


def moved_right(x_BxHxWxC: jax.Array, columns: int) -> jax.Array:
    """x[y, x − columns], zeros coming in from the left."""
    width = x_BxHxWxC.shape[2]
    return jnp.pad(x_BxHxWxC, ((0, 0), (0, 0), (columns, 0), (0, 0)))[:, :, :width]
