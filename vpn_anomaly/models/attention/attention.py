"""The interface of every kind of attention: the network does not know which one it has."""

from typing import NamedTuple

import flax.linen as nn
import jax

from vpn_anomaly.models.costs import Row


class AttentionSize(NamedTuple):
    """What an attention works on.

    Attributes:
        images: frames that are predicted.
        cells: places of the ConvLSTM's output, of an image.
        pixels: of an image.
        context: K, ConvLSTM outputs.
        channels: of each of them.
        colours: 1 or 3.
        masked_frame: whether it is given the masked frame and its mask.
    """

    images: int
    cells: int
    pixels: int
    context: int
    channels: int
    colours: int
    masked_frame: bool


class Attention(nn.Module):
    """From the last K ConvLSTM outputs to the features that the head reads, and moved frames.

    Attributes:
        size_multiple: height and width of a frame have to be multiples of it.
    """

    @property
    def size_multiple(self) -> int:
        return 1

    def moved_channels(self, colours: int) -> int:
        """Channels of the moved frames; 0: there are none."""
        del colours
        return 0

    def costs(self, size: AttentionSize) -> list[Row]:
        """The parameters and operations of its parts, of the module "attention"."""
        raise NotImplementedError

    def __call__(
        self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW
    ) -> tuple[jax.Array, jax.Array | None]:
        """Features at the stem's resolution (B, h, w, C), and moved frames (B, H, W, moved channels).

        Without moved channels the moved frames are None.

        Args:
            context_BxKxhxwxC: the last K outputs of the ConvLSTM.
            frames_BxTxHxWxC: the last frames; intensities in 0..1.
            masked_frame_BxHxWxC, shown_BxHxW: the masked frame and its mask, or None both.
        """
        raise NotImplementedError
