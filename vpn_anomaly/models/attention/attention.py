"""The interface shared by all kinds of attention: the network does not depend on which one it has."""

from typing import NamedTuple

import flax.linen as nn
import jax

from vpn_anomaly.models.costs import Row


class AttentionSize(NamedTuple):
    """The sizes that determine the cost of an attention.

    Attributes:
        images: number of predicted frames.
        cells: spatial positions of the ConvLSTM's output, per image.
        pixels: pixels per image.
        context: K, the number of ConvLSTM outputs.
        channels: of each ConvLSTM output.
        colours: 1 or 3.
        masked_frame: whether it receives the masked frame and its mask.
    """

    images: int
    cells: int
    pixels: int
    context: int
    channels: int
    colours: int
    masked_frame: bool


class Attention(nn.Module):
    """Maps the last K ConvLSTM outputs to the features that the head reads, and to warped frames.

    Attributes:
        size_multiple: frame height and width have to be multiples of it.
    """

    @property
    def size_multiple(self) -> int:
        return 1

    def warped_channels(self, colours: int) -> int:
        """Total channels of the warped frames; 0 if there are none."""
        del colours
        return 0

    def evidence_channels(self, masked_frame: bool) -> int:
        """Channels of the features beyond those of a ConvLSTM output, with and without the masked frame."""
        del masked_frame
        return 0

    def costs(self, size: AttentionSize) -> list[Row]:
        """The parameters and operations of its parts, listed under the module "attention"."""
        raise NotImplementedError

    def __call__(
        self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW
    ) -> tuple[jax.Array, jax.Array | None]:
        """Features at the stem's resolution (B, h, w, C), and warped frames (B, H, W, warped channels).

        Without warped channels, the warped frames are None.

        Args:
            context_BxKxhxwxC: the last K outputs of the ConvLSTM.
            frames_BxTxHxWxC: the last frames; intensities in 0..1.
            masked_frame_BxHxWxC, shown_BxHxW: the masked frame and its mask, or both None.
        """
        raise NotImplementedError
