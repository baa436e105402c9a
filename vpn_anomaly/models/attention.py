"""Convolution attention in the paper's words: a meta-network makes filters for each sample.

The filters are applied to the last K outputs of the ConvLSTM. The paper gives no sizes; these are
the readings `full`, `depthwise` and `none`. `correlation` has a file of its own.
Each takes the same arguments and returns features at the resolution of the stem, and moved frames
at full resolution (or None).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.ops.dynamic_conv import sample_conv, sample_depthwise_conv


class FullAttention(nn.Module):
    """One dense k×k×(K·c)→c filter a sample; it starts as "the last output, untouched".

    The meta-network reads the mean and the spread over space of each output; a dense layer and a
    transposed convolution make the filter (Shen et al., arXiv 1709.08294). With `bottleneck`
    channels, a 1×1 projection in front and one behind keep the filter small.
    """

    filter_size: int
    meta_channels: int
    bottleneck: int = 0
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxHxWxC, frames, masked_frame, shown):
        last = context_BxKxHxWxC[:, -1]
        channels = last.shape[-1]
        x = context_BxKxHxWxC
        if self.bottleneck:
            x = nn.Dense(self.bottleneck, dtype=self.dtype, name="down")(x)
        batch, context, height, width, inner = x.shape
        code = _space_statistics(context_BxKxHxWxC, self.meta_channels, self.dtype)
        filters = FilterDeconvolution(self.filter_size, context * inner * inner, self.dtype)(code)
        filters = filters.reshape(*filters.shape[:3], context * inner, inner)
        x = jnp.moveaxis(x, 1, 3).reshape(batch, height, width, context * inner)
        change = sample_conv(x, filters)
        if self.bottleneck:
            change = nn.Dense(channels, dtype=self.dtype, name="up")(change)
        return last + change, None


class DepthwiseAttention(nn.Module):
    """One k×k×K filter a channel and sample; it starts as "the last output, untouched"."""

    filter_size: int
    meta_channels: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxHxWxC, frames, masked_frame, shown):
        batch, context, _, _, channels = context_BxKxHxWxC.shape
        code = _space_statistics(context_BxKxHxWxC, self.meta_channels, self.dtype)
        filters = FilterDeconvolution(self.filter_size, context * channels, self.dtype)(code)
        filters = filters.reshape(batch, *filters.shape[1:3], context, channels)
        change = sample_depthwise_conv(context_BxKxHxWxC, jnp.moveaxis(filters, 3, 1))
        return context_BxKxHxWxC[:, -1] + change, None


class NoAttention(nn.Module):
    """The last output."""

    @nn.compact
    def __call__(self, context_BxKxHxWxC, frames, masked_frame, shown):
        return context_BxKxHxWxC[:, -1], None


class FilterDeconvolution(nn.Module):
    """A transposed convolution from a code to a k×k filter, zero at the start: (B, k, k, F)."""

    filter_size: int
    features: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, code_BxD: jax.Array) -> jax.Array:
        size = (self.filter_size, self.filter_size)
        deconvolve = nn.ConvTranspose(
            self.features, size, padding="VALID", kernel_init=nn.initializers.zeros, dtype=self.dtype
        )
        return deconvolve(code_BxD[:, None, None, :])


def _space_statistics(context_BxKxHxWxC, features, dtype):
    """A dense layer over the mean and the standard deviation over space of every output."""
    x = context_BxKxHxWxC.astype(jnp.float32)
    spread = jnp.sqrt(jnp.var(x, axis=(2, 3)) + 1e-6)
    statistics = jnp.concatenate([x.mean((2, 3)), spread], axis=-1)
    statistics = statistics.reshape(statistics.shape[0], -1)
    return nn.relu(nn.Dense(features, dtype=dtype, name="meta")(statistics))
