"""The Video Pixel Network: encoder and ConvLSTM as in `inpainting.py`, with a PixelCNN instead of the head."""

import flax.linen as nn
import jax

from vpn_anomaly.models.conv_lstm import ConvLSTM, encode_frames, memory_costs
from vpn_anomaly.models.costs import Row, StepSize, dense
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.models.output_layer import output_layer_costs, smooth_kernel
from vpn_anomaly.models.pixelcnn import PixelCNN, colour_mask
from vpn_anomaly.ops.intensity import VALUES
from vpn_anomaly.ops.precision import EXACT
from vpn_anomaly.ops.space_to_depth import depth_to_space


class VideoPixelNetwork(nn.Module):
    """Maps frames and the next frame to the input of the output layer at every pixel of the next frame.

    The last ConvLSTM output is projected by a 1×1 convolution to `condition` channels per pixel,
    moved to full resolution by depth-to-space if the encoder has a stem, and conditions the decoder.
    """

    encoder: Encoder
    conv_lstm: ConvLSTM
    decoder: PixelCNN
    condition: int

    def setup(self):
        colours = self.decoder.colours
        shape = (self.decoder.features * colours, colours, VALUES)
        self.output_kernel = self.param("output_kernel", smooth_kernel, shape)
        self.output_bias = self.param("output_bias", nn.initializers.zeros, (colours, VALUES))
        squares = self.encoder.stem**2
        self.to_pixels = nn.Dense(self.condition * squares, dtype=self.encoder.dtype, precision=EXACT)

    def encode_frames(self, frames_BxTxHxWxC: jax.Array) -> jax.Array:
        """The ConvLSTM's outputs after each frame, (B, T, h, w, L). Intensities in 0..1."""
        return encode_frames(self.encoder, self.conv_lstm, frames_BxTxHxWxC)[0]

    def decode(self, memory_BxhxwxL: jax.Array, frame_BxHxWxC: jax.Array) -> jax.Array:
        """The input of the output layer at every pixel of the next frame, teacher-forced.

        The features at a pixel depend on the pixels before it in raster order, and on the memory.
        """
        condition = depth_to_space(self.to_pixels(memory_BxhxwxL), self.encoder.stem)
        return self.decoder(frame_BxHxWxC, condition)

    def output_layer(self) -> tuple[jax.Array, jax.Array]:
        """Kernel (D · C, C, 256), zero where a colour may not read a feature, and bias (C, 256)."""
        mask = colour_mask(self.decoder.features, self.decoder.colours)
        return self.output_kernel * mask[..., None], self.output_bias

    def __call__(self, frames_BxTxHxWxC, frame_BxHxWxC):
        """The features of the frame after the T frames, and the output layer."""
        return self.decode(self.encode_frames(frames_BxTxHxWxC)[:, -1], frame_BxHxWxC), self.output_layer()

    def costs(self, step: StepSize) -> list[Row]:
        """For one teacher-forced pass over every target frame."""
        colours, images = self.decoder.colours, step.sequences * step.targets
        squares = self.encoder.stem**2
        cells = images * step.height * step.width // squares
        to_pixels = dense(self.conv_lstm.features, self.condition * squares, cells)
        return [
            *memory_costs(self.encoder, self.conv_lstm, colours, step),
            Row("decoder", "condition", to_pixels),
            *self.decoder.costs(self.condition, images, step.height, step.width),
            output_layer_costs(self.decoder.features * colours, colours, step),
        ]
