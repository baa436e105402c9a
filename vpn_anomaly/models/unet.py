"""A U-Net over single frames with hidden blocks, with everything around the blocks as context.

Ronneberger et al. (2015), with residual blocks, and with space-to-depth instead of pooling.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.blocks import ReluBlock
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Cost, Row, StepSize, convolution, dense
from vpn_anomaly.models.output_layer import output_layer_costs, smooth_kernel
from vpn_anomaly.models.pixel_layer import pixel_layer, pixel_layer_cost
from vpn_anomaly.ops.intensity import VALUES
from vpn_anomaly.ops.precision import EXACT
from vpn_anomaly.ops.space_to_depth import depth_to_space, space_to_depth

UNIT = 64.0  # pixels per unit of the coordinates


class UNet(nn.Module):
    """Maps frames with hidden blocks to the input of the output layer at every pixel.

    Each level halves the resolution; the lowest has two residual blocks, the others one on the way
    down and one on the way up. Position coordinates are an input (CoordConv, Liu et al., 2018): a
    static camera sees the same things at the same positions.

    Attributes:
        stem: block size of the space-to-depth before the highest level.
        channels: of each level, highest first.
        pixel_channels: of the full-resolution layer, D.
        colours: 1 or 3.
    """

    stem: int
    channels: tuple[int, ...]
    pixel_channels: int
    colours: int
    dtype: jnp.dtype = jnp.float32
    bias_init: Callable = nn.initializers.zeros

    def padding(self, length: int) -> int:
        """Rows or columns to add to `length` so that it divides evenly at every level."""
        return -length % (self.stem * 2 ** (len(self.channels) - 1))

    @nn.compact
    def __call__(self, frames_NxHxWxC: jax.Array, hidden_NxHxW: jax.Array):
        """The input of the output layer, (N, H, W, D), and its kernel (D, C, 256) and bias (C, 256).

        Intensities in 0..1; hidden pixels are multiplied by zero before any layer reads them. Padding
        at the bottom and right, where the size requires it, counts as hidden.
        """
        height, width = hidden_NxHxW.shape[1:]
        shown = (~hidden_NxHxW).astype(self.dtype)[..., None]
        pixels = jnp.concatenate([frames_NxHxWxC.astype(self.dtype) * shown, shown], axis=-1)
        added = ((0, self.padding(height)), (0, self.padding(width)))
        pixels = jnp.pad(pixels, ((0, 0), *added, (0, 0)))
        x = space_to_depth(pixels, self.stem)
        x = jnp.concatenate([x, self._coordinates(x.shape)], axis=-1)
        x = Conv3x3(self.channels[0], dtype=self.dtype, name="stem")(x)
        x = self._level(x, 0)
        x = pixel_layer(x, pixels, self.stem, self.pixel_channels, self.dtype)
        x = x[:, :height, :width]
        shape = (self.pixel_channels, self.colours, VALUES)
        kernel = self.param("output_kernel", smooth_kernel, shape)
        return x, (kernel, self.param("output_bias", self.bias_init, shape[1:]))

    def _level(self, x, level):
        """A level and all levels below it; channels[level] channels in and out."""
        width, last = self.channels[level], level == len(self.channels) - 1
        block = lambda name: ReluBlock(dtype=self.dtype, name=f"level_{level}_{name}")
        layer = lambda features, name: nn.Dense(
            features, dtype=self.dtype, precision=EXACT, name=f"level_{level}_{name}"
        )
        x = block("down")(x)
        if not last:
            below = layer(self.channels[level + 1], "halve")(space_to_depth(nn.relu(x), 2))
            below = self._level(below, level + 1)
            x = x + depth_to_space(layer(4 * width, "double")(nn.relu(below)), 2)
        return block("up")(x)

    def _coordinates(self, shape):
        """Distance of each cell from the top and left, in UNIT pixels, minus 1, (N, h, w, 2)."""
        batch, rows, columns, _ = shape
        down, right = (jnp.arange(count) * self.stem / UNIT - 1 for count in (rows, columns))
        both = jnp.stack(jnp.meshgrid(down, right, indexing="ij"), axis=-1).astype(self.dtype)
        return jnp.broadcast_to(both, (batch, rows, columns, 2))

    def costs(self, step: StepSize) -> list[Row]:
        """Its parts, over every target frame; together they account for all parameters."""
        height, width = (length + self.padding(length) for length in (step.height, step.width))
        squares, inputs = self.stem**2, self.colours + 1
        cells = step.sequences * step.targets * height * width // squares
        to_pixels = pixel_layer_cost(self.channels[0], inputs, self.pixel_channels, self.stem, cells)
        return [
            Row("U-Net", "stem", convolution(squares * inputs + 2, self.channels[0], cells)),
            *(self._level_costs(level, cells // 4**level) for level in range(len(self.channels))),
            Row("U-Net", "pixel layer", to_pixels),
            output_layer_costs(self.pixel_channels, self.colours, step),
        ]

    def _level_costs(self, level: int, cells: int) -> Row:
        """Two residual blocks, and the dense layers to and from the level below."""
        width, links = self.channels[level], Cost()
        if level + 1 < len(self.channels):
            below = self.channels[level + 1]
            links = dense(4 * width, below, cells // 4) + dense(below, 4 * width, cells // 4)
        return Row("U-Net", f"level {level}", convolution(width, width, cells) * 4 + links)
