"""No attention: the last ConvLSTM output."""

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.costs import Cost, Row


class NoAttention(Attention):
    """The last output."""

    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        return context_BxKxhxwxC[:, -1], None

    def costs(self, size: AttentionSize) -> list[Row]:
        del size
        return [Row("attention", "none", Cost())]


def build(fields, dtype) -> NoAttention:
    """From the section model.attention of a configuration: there is nothing to set."""
    del fields, dtype
    return NoAttention()
