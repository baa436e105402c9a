"""Full attention: one dense filter per sample over all outputs and channels."""

import flax.linen as nn
import jax.numpy as jnp

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.attention.generated_filters import (
    FilterDeconvolution,
    generated_filter_cost,
    spatial_statistics,
)
from vpn_anomaly.models.costs import Cost, Row, dense
from vpn_anomaly.ops.dynamic_conv import sample_conv
from vpn_anomaly.ops.precision import EXACT


class FullAttention(Attention):
    """One dense k×k×(K·c)→c filter per sample; initially the identity on the last output.

    The meta-network reads the spatial mean and standard deviation of each output; a dense layer and a
    transposed convolution generate the filter (Shen et al., arXiv 1709.08294). With `bottleneck`
    channels, 1×1 projections before and after keep the filter small.
    """

    filter_size: int
    meta_channels: int
    bottleneck: int = 0
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        last = context_BxKxhxwxC[:, -1]
        channels = last.shape[-1]
        x = context_BxKxhxwxC
        if self.bottleneck:
            x = nn.Dense(self.bottleneck, dtype=self.dtype, precision=EXACT, name="down")(x)
        batch, context, height, width, inner = x.shape
        code = spatial_statistics(context_BxKxhxwxC, self.meta_channels, self.dtype)
        filters = FilterDeconvolution(self.filter_size, context * inner * inner, self.dtype)(code)
        filters = filters.reshape(*filters.shape[:3], context * inner, inner)
        x = jnp.moveaxis(x, 1, 3).reshape(batch, height, width, context * inner)
        change = sample_conv(x, filters)
        if self.bottleneck:
            change = nn.Dense(channels, dtype=self.dtype, precision=EXACT, name="up")(change)
        return last + change, None

    def costs(self, size: AttentionSize) -> list[Row]:
        inner, cells = self.bottleneck or size.channels, size.images * size.cells
        made = size.context * inner**2
        projections = Cost()
        if self.bottleneck:
            down = dense(size.channels, inner, size.context * cells)
            projections = down + dense(inner, size.channels, cells)
        statistics = 2 * size.context * size.channels
        filters = generated_filter_cost(self.filter_size, statistics, self.meta_channels, made, size.images)
        applied = Cost(0, 2 * self.filter_size**2 * made * cells)
        return [
            Row("attention", "full: filters", filters),
            Row("attention", "full: applied", applied + projections),
        ]


def build(fields, horizon: int, dtype) -> FullAttention:
    """Builds the attention from the section model.attention of a config; its filters learn the horizon."""
    del horizon
    return FullAttention(fields.filter_size, fields.meta_channels, fields.bottleneck, dtype)
