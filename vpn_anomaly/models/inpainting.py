"""The complete network: encoder, ConvLSTM, convolution attention, inpainting head."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.blocks import block_width, residual_block_costs, residual_blocks
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.conv_lstm import ConvLSTM, encode_frames, memory_costs
from vpn_anomaly.models.costs import Row, StepSize, convolution
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.models.mixture_layer import MixtureLayer, mixture_costs
from vpn_anomaly.models.output_layer import output_layer_costs, smooth_kernel
from vpn_anomaly.models.pixel_layer import pixel_layer, pixel_layer_cost
from vpn_anomaly.ops.intensity import VALUES
from vpn_anomaly.ops.space_to_depth import space_to_depth


class InpaintingHead(nn.Module):
    """Residual blocks without masked convolutions, then full-resolution layers.

    At the stem's resolution, it reads the attention's output and the masked frame with its mask; then,
    at full resolution, the features so far, the masked frame, the mask, the last frame (unless
    `sees_last_frame` is false) and the warped frames, so that it has the exact values of neighbouring
    shown pixels. The last frame is a short cut that the paper does not have.
    """

    stem: int
    block: str
    channels: int
    blocks: int
    pixel_channels: int
    pixel_layers: int = 1
    sees_last_frame: bool = True
    rematerialise: bool = False
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, attended_BxhxwxC, last_BxHxWxC, warped_BxHxWxC, shown_frame_BxHxWxC):
        """Returns the input of the output layer at every pixel, (B, H, W, pixel_channels).

        Args:
            attended_BxhxwxC: the attention's output.
            last_BxHxWxC: the last frame.
            warped_BxHxWxC: the warped frames, or None.
            shown_frame_BxHxWxC: the masked frame, with the mask as the last channel, or None.
        """
        last = last_BxHxWxC if self.sees_last_frame else last_BxHxWxC[..., :0]
        given = [x for x in (last, warped_BxHxWxC, shown_frame_BxHxWxC) if x is not None]
        pixels = jnp.concatenate(given, axis=-1).astype(self.dtype)
        x = jnp.concatenate([attended_BxhxwxC, space_to_depth(pixels, self.stem)], axis=-1)
        x = Conv3x3(block_width(self.block, self.channels), dtype=self.dtype, name="join")(x)
        for block in residual_blocks(self.block, (1,) * self.blocks, self.dtype, self.rematerialise):
            x = block(x)
        x = pixel_layer(x, pixels, self.stem, self.pixel_channels, self.dtype)
        for number in range(1, self.pixel_layers):
            x = x + nn.relu(Conv3x3(self.pixel_channels, dtype=self.dtype, name=f"pixels_{number}")(x))
        return x

    def costs(self, attended: int, pixel_inputs: int, cells: int) -> list[Row]:
        """With `attended` channels at the stem's resolution, `pixel_inputs` at full resolution, and `cells` cells."""
        width, squares = block_width(self.block, self.channels), self.stem**2
        first = pixel_layer_cost(width, pixel_inputs, self.pixel_channels, self.stem, cells)
        layer = convolution(self.pixel_channels, self.pixel_channels, cells * squares)
        return [
            Row("head", "join", convolution(attended + squares * pixel_inputs, width, cells)),
            residual_block_costs("head", self.block, self.channels, self.blocks, cells, self.rematerialise),
            Row("head", "pixel layers", first + layer * (self.pixel_layers - 1)),
        ]


class InpaintingNetwork(nn.Module):
    """Maps frames and a masked frame to the input of the output layer at every pixel.

    Args:
        encoder, conv_lstm, attention, head: the submodules.
        context: K, the number of most recent ConvLSTM outputs that the attention reads.
        colours: 1 or 3.
        use_masked_frame: whether the masked frame and its mask are inputs at all (in the paper's row
            without masked convolutions, neither is).
        copies: whether the attention's moved frames, if it has any, are mixed into the predicted distributions.
    """

    encoder: Encoder
    conv_lstm: ConvLSTM
    attention: Attention
    head: InpaintingHead
    context: int
    colours: int
    use_masked_frame: bool = True
    copies: bool = False
    bias_init: Callable = nn.initializers.zeros

    def setup(self):
        if self._copies:
            self.mixture = MixtureLayer(self._copies)
        shape = (self.head.pixel_channels, self.colours, VALUES)
        self.output_kernel = self.param("output_kernel", smooth_kernel, shape)
        self.output_bias = self.param("output_bias", self.bias_init, (self.colours, VALUES))

    def encode_frames(self, frames_BxTxHxWxC: jax.Array, state=None):
        """The ConvLSTM's outputs after each frame, (B, T, h, w, L), and its final state.

        Intensities in 0..1. state: the state before the first frame; None means zero.
        """
        return encode_frames(self.encoder, self.conv_lstm, frames_BxTxHxWxC, state)

    def encode_next_frame(self, state, frame_BxHxWxC: jax.Array):
        """The ConvLSTM's state (c, h) after one more frame; h is what `encode_frames` gives for it."""
        return self.conv_lstm.step(state, self.encoder(frame_BxHxWxC))

    def inpaint(self, memory_BxKxhxwxL, frames_BxKxHxWxC, frame_BxHxWxC, shown_BxHxW):
        """The input of the output layer for a frame some time after the K frames, (B, H, W, D), and the copies.

        The copies of every pixel, None if there are none, are mixed with what the output layer says. Hidden
        pixels of `frame` are multiplied by zero before any layer reads them.
        """
        masked = mask = shown_frame = None
        if self.use_masked_frame:
            mask = shown_BxHxW.astype(frame_BxHxWxC.dtype)[..., None]
            masked = frame_BxHxWxC * mask
            shown_frame = jnp.concatenate([masked, mask], axis=-1)
            mask = mask[..., 0]
        attended, moved = self.attention(memory_BxKxhxwxL, frames_BxKxHxWxC, masked, mask)
        features = self.head(attended, frames_BxKxHxWxC[:, -1], moved, shown_frame)
        return features, self.mixture(features, moved) if self._copies else None

    def output_layer(self) -> tuple[jax.Array, jax.Array]:
        """The kernel (D, C, 256) and bias (C, 256) that map the head's output to logits."""
        return self.output_kernel, self.output_bias

    def __call__(self, frames_BxTxHxWxC, frame_BxHxWxC, shown_BxHxW):
        """What `inpaint` returns for a frame some time after the T frames, and the output layer."""
        memory = self.encode_frames(frames_BxTxHxWxC)[0][:, -self.context :]
        frames = frames_BxTxHxWxC[:, -self.context :]
        return self.inpaint(memory, frames, frame_BxHxWxC, shown_BxHxW), self.output_layer()

    def costs(self, step: StepSize) -> list[Row]:
        """Its parts, in the order of the data flow; together they account for all parameters."""
        images, pixels = step.sequences * step.targets, step.height * step.width
        cells, outputs = pixels // self.encoder.stem**2, self.conv_lstm.features
        size = AttentionSize(
            images, cells, pixels, self.context, outputs, self.colours, self.use_masked_frame
        )
        masked = self.colours + 1 if self.use_masked_frame else 0
        last = self.colours if self.head.sees_last_frame else 0
        pixel_inputs = last + self.attention.warped_channels(self.colours) + masked
        attended = outputs + self.attention.evidence_channels(self.use_masked_frame)
        return [
            *memory_costs(self.encoder, self.conv_lstm, self.colours, step),
            *self.attention.costs(size),
            *self.head.costs(attended, pixel_inputs, images * cells),
            output_layer_costs(self.head.pixel_channels, self.colours, step),
            *([mixture_costs(self.head.pixel_channels, self._copies, step)] if self._copies else []),
        ]

    @property
    def _copies(self) -> int:
        """The number of moved frames that are mixed in."""
        return self.attention.warped_channels(1) if self.copies else 0
