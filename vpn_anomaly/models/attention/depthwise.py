"""Depthwise attention: one filter per channel and sample."""

import flax.linen as nn
import jax.numpy as jnp

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.attention.generated_filters import (
    FilterDeconvolution,
    generated_filter_cost,
    spatial_statistics,
)
from vpn_anomaly.models.costs import Cost, Row
from vpn_anomaly.ops.dynamic_conv import sample_depthwise_conv


class DepthwiseAttention(Attention):
    """One k×k×K filter per channel and sample; initially the identity on the last output."""

    filter_size: int
    meta_channels: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        batch, context, _, _, channels = context_BxKxhxwxC.shape
        code = spatial_statistics(context_BxKxhxwxC, self.meta_channels, self.dtype)
        filters = FilterDeconvolution(self.filter_size, context * channels, self.dtype)(code)
        filters = filters.reshape(batch, *filters.shape[1:3], context, channels)
        change = sample_depthwise_conv(context_BxKxhxwxC, jnp.moveaxis(filters, 3, 1))
        return context_BxKxhxwxC[:, -1] + change, None

    def costs(self, size: AttentionSize) -> list[Row]:
        made = size.context * size.channels
        filters = generated_filter_cost(self.filter_size, 2 * made, self.meta_channels, made, size.images)
        applied = Cost(0, 2 * self.filter_size**2 * made * size.images * size.cells)
        return [
            Row("attention", "depthwise: filters", filters),
            Row("attention", "depthwise: applied", applied),
        ]


def build(fields, horizon: int, dtype) -> DepthwiseAttention:
    """Builds the attention from the section model.attention of a config; its filters learn the horizon."""
    del horizon
    return DepthwiseAttention(fields.filter_size, fields.meta_channels, dtype)
