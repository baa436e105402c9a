"""Distributions over the 256 intensities of a pixel, computed without holding all logits in memory.

The last layer's logits (256 per pixel and channel) would be the largest array of the whole program.
They are computed here in chunks of pixels: for the loss, with its gradient in the same pass, and for
the statistics that the scores need. All values are in nats, intensities in 0..1 (x / 255).
"""

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.platform import ByPlatform, traced_size

VALUES = 256
# Pixels per chunk of the loss and of the statistics, tuned. On a CPU the logits of a chunk take about a
# megabyte and stay in the cache between products; elsewhere every chunk costs kernel launches, and 64 MB
# of logits are little.
_LOSS_CHUNK = ByPlatform(cpu=1024, accelerator=65536)
_STATISTICS_CHUNK = ByPlatform(cpu=1280, accelerator=65536)


def logits(features_NxD: jax.Array, kernel_DxCxV: jax.Array, bias_CxV: jax.Array) -> jax.Array:
    """The unnormalised log-probabilities of every intensity, (N, C, 256) float32."""
    return jnp.einsum("nd,dcv->ncv", features_NxD.astype(jnp.float32), kernel_DxCxV) + bias_CxV


@jax.custom_vjp
def mean_surprise(
    features_NxD: jax.Array,
    kernel_DxCxV: jax.Array,
    bias_CxV: jax.Array,
    value_NxC: jax.Array,
    weight_N: jax.Array,
) -> jax.Array:
    """Σ weight · (−log q(value)), averaged over channels: the training loss, a scalar in nats.

    Its gradient is computed in the same pass over the chunks as its value, so that the logits are
    computed once and never stored.

    Args:
        features_NxD: input of the output layer at each of N pixels.
        kernel_DxCxV, bias_CxV: the output layer.
        value_NxC: the true intensities, integers 0..255.
        weight_N: weight of each pixel; for a mean they sum to one.
    """
    return _surprise_and_gradients(features_NxD, kernel_DxCxV, bias_CxV, value_NxC, weight_N, False)


def _mean_surprise_fwd(features, kernel, bias, value, weight):
    loss, gradients = _surprise_and_gradients(features, kernel, bias, value, weight, True)
    return loss, gradients


def _mean_surprise_bwd(gradients, dloss):
    dfeatures, dkernel, dbias = jax.tree.map(lambda g: (g * dloss).astype(g.dtype), gradients)
    return dfeatures, dkernel, dbias, None, None


mean_surprise.defvjp(_mean_surprise_fwd, _mean_surprise_bwd)


def _surprise_and_gradients(features, kernel, bias, value, weight, with_gradients):
    colours = bias.shape[0]

    def of_chunk(totals, chunk):
        x_NxD, value_NxC, weight_N = chunk
        z_NxCxV = logits(x_NxD, kernel, bias)
        log_normaliser = jax.nn.logsumexp(z_NxCxV, axis=-1, keepdims=True)
        is_value = value_NxC[..., None] == jnp.arange(VALUES)
        weight = weight_N[:, None, None] / colours
        surprise = log_normaliser[..., 0] - jnp.sum(z_NxCxV * is_value, axis=-1)
        loss = jnp.sum(surprise * weight[..., 0])
        if not with_gradients:
            return totals + loss, None
        dz = (jnp.exp(z_NxCxV - log_normaliser) - is_value) * weight
        dkernel = jnp.einsum("nd,ncv->dcv", x_NxD.astype(jnp.float32), dz)
        dx = jnp.einsum("ncv,dcv->nd", dz, kernel).astype(x_NxD.dtype)
        totals = jax.tree.map(jnp.add, totals, (loss, dkernel, dz.sum(0)))
        return totals, dx

    pixels = features.shape[0]
    chunks = [_chunked(x, _LOSS_CHUNK) for x in (features, value, weight)]
    zero = jnp.zeros(())
    if not with_gradients:
        return lax.scan(of_chunk, zero, chunks)[0]
    zeros = (zero, jnp.zeros_like(kernel), jnp.zeros_like(bias))
    (loss, dkernel, dbias), dx = lax.scan(of_chunk, zeros, chunks)
    dfeatures = dx.reshape(-1, features.shape[1])[:pixels]
    return loss, (dfeatures, dkernel, dbias)


def distribution_statistics(
    features_NxD: jax.Array,
    kernel_DxCxV: jax.Array,
    bias_CxV: jax.Array,
    value_NxC: jax.Array,
    tail: bool = True,
) -> dict[str, jax.Array]:
    """Statistics of the predicted distributions for the maps, each (N, C) float32.

    With q the predicted distribution and x the true value: `surprise` −log q(x); `mean` and
    `variance` of the intensity in 0..1; and, unless `tail` is false, the expected surprise `entropy`
    and the two-sided tail surprise `tail`, −log min(1, 2·min(P(X ≤ x), P(X ≥ x))), which take 50%
    more time.
    """

    # The bias as the weight of one more feature, as adding it would be another pass over the logits.
    kernel_FxCxV = jnp.concatenate([kernel_DxCxV, bias_CxV[None]])
    column_CxVxF = jnp.moveaxis(kernel_FxCxV, 0, -1)

    def of_chunk(chunk):
        features_NxD, value_NxC = chunk
        ones_Nx1 = jnp.ones((len(features_NxD), 1))
        features_NxF = jnp.concatenate([features_NxD.astype(jnp.float32), ones_Nx1], axis=1)
        z_CxVxN = jnp.einsum("fcv,nf->cvn", kernel_FxCxV, features_NxF)
        of_value_CxNxF = jax.vmap(lambda column_VxF, value_N: column_VxF[value_N])(column_CxVxF, value_NxC.T)
        z_of_value_CxN = (of_value_CxNxF * features_NxF).sum(-1)
        statistics = _statistics(z_CxVxN, z_of_value_CxN, value_NxC.T, tail)
        return jax.tree.map(jnp.transpose, statistics)

    chunks = [_chunked(x, _STATISTICS_CHUNK) for x in (features_NxD, value_NxC)]
    statistics = lax.map(of_chunk, chunks)
    pixels = features_NxD.shape[0]
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[:pixels], statistics)


def _statistics(z_CxVxN, z_of_value_CxN, value_CxN, tail):
    """`distribution_statistics` from all logits and those of the true values, (C, N) each.

    Pixels come last, so that reductions over the 256 values are vectorised. The exponentials are
    computed once, and the moments are a product with a small matrix: each sum over the values written
    separately would cost another pass, including the exponentials.
    """
    largest_CxN = z_CxVxN.max(1)
    weight = jnp.exp(z_CxVxN - largest_CxN[:, None])  # q, up to its sum
    intensity = jnp.arange(VALUES) / (VALUES - 1)
    powers_3xV = jnp.stack([jnp.ones(VALUES), intensity, intensity**2])
    moments = jnp.einsum("kv,cvn->kcn", powers_3xV, weight, precision="highest")
    total, mean = moments[0], moments[1] / moments[0]
    log_total = jnp.log(total) + largest_CxN
    statistics = {
        "surprise": log_total - z_of_value_CxN,
        "mean": mean,
        "variance": jnp.maximum(moments[2] / total - mean**2, 0),
    }
    if tail:
        values_Vx1, value_Cx1xN = jnp.arange(VALUES)[:, None], value_CxN[:, None]
        part = lambda which: jnp.sum(jnp.where(which, weight, 0), axis=1) / total
        smaller = jnp.minimum(part(values_Vx1 <= value_Cx1xN), part(values_Vx1 >= value_Cx1xN))
        # `where`, as XLA would turn a plain sum of products into many tiny matrix products.
        products = jnp.where(weight > 0, weight * z_CxVxN, 0)
        statistics["entropy"] = log_total - jnp.sum(products, axis=1) / total
        statistics["tail"] = -jnp.log(jnp.clip(2 * smaller, jnp.finfo(z_CxVxN.dtype).tiny, 1))
    return statistics


def _chunked(x, largest_chunk: ByPlatform[int]):
    """Pads the pixels with zeros to whole chunks: (chunks, chunk, ...)."""
    pixels = x.shape[0]
    chunk = min(traced_size(largest_chunk), pixels)
    chunks = -(-pixels // chunk)
    padding = [(0, chunks * chunk - pixels)] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, padding).reshape(chunks, chunk, *x.shape[1:])
