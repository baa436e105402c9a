"""Filters that a meta-network generates for each sample, from the statistics of its features.

Shen et al., arXiv 1709.08294: a dense layer and a transposed convolution generate the filter.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.costs import Cost, convolution, dense
from vpn_anomaly.ops.precision import EXACT


class FilterDeconvolution(nn.Module):
    """A transposed convolution from a code to a k×k filter, initially zero, (B, k, k, F)."""

    filter_size: int
    features: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, code_BxD: jax.Array) -> jax.Array:
        size = (self.filter_size, self.filter_size)
        deconvolve = nn.ConvTranspose(
            self.features,
            size,
            padding="VALID",
            kernel_init=nn.initializers.zeros,
            dtype=self.dtype,
            precision=EXACT,
        )
        return deconvolve(code_BxD[:, None, None, :])


def spatial_statistics(context_BxKxhxwxC, features, dtype):
    """A dense layer over the spatial mean and standard deviation of every output, (B, features)."""
    x = context_BxKxhxwxC.astype(jnp.float32)
    spread = jnp.sqrt(jnp.var(x, axis=(2, 3)) + 1e-6)
    statistics = jnp.concatenate([x.mean((2, 3)), spread], axis=-1)
    statistics = statistics.reshape(statistics.shape[0], -1)
    return nn.relu(nn.Dense(features, dtype=dtype, precision=EXACT, name="meta")(statistics))


def generated_filter_cost(size: int, statistics: int, features: int, made: int, images: int) -> Cost:
    """`spatial_statistics` of `statistics` numbers, then `FilterDeconvolution` to size×size."""
    return dense(statistics, features, images) + convolution(features, made, images, side=size)
