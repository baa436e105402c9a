"""No attention: passes on the last ConvLSTM output."""

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.costs import Cost, Row


class NoAttention(Attention):
    """Returns the last ConvLSTM output, unmodified."""

    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        return context_BxKxhxwxC[:, -1], None

    def costs(self, size: AttentionSize) -> list[Row]:
        del size
        return [Row("attention", "none", Cost())]


def build(fields, horizon: int, dtype) -> NoAttention:
    """Builds the attention; no field of model.attention applies."""
    del fields, horizon, dtype
    return NoAttention()
