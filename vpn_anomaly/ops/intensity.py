"""Distributions over the 256 intensities of a pixel, computed without holding all logits in memory.

The last layer's logits (256 per pixel and channel) would be the largest array of the whole program.
They are computed here in chunks of pixels: for the loss, with its gradient in the same pass, and for
the statistics that the scores need. The softmax may be mixed with copies, narrow distributions around
values that are given for each pixel. All values are in nats, intensities in 0..1 (x / 255).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops import laplace
from vpn_anomaly.ops.platform import ByPlatform, traced_size
from vpn_anomaly.ops.precision import EXACT

VALUES = 256
_einsum = functools.partial(jnp.einsum, precision=EXACT)
# Pixels per chunk of the loss and of the statistics, tuned. On a CPU the logits of a chunk take about a
# megabyte and stay in the cache between products; elsewhere every chunk costs kernel launches, and 64 MB
# of logits are little.
_LOSS_CHUNK = ByPlatform(cpu=1024, accelerator=65536)
_STATISTICS_CHUNK = ByPlatform(cpu=1280, accelerator=65536)


class Copies(NamedTuple):
    """Of each pixel, the distributions (`ops/laplace.py`) that are mixed with the softmax.

    Attributes:
        centre: the copied values, 0..255, (..., J, C).
        scale: grey levels, (..., J).
        log_weight: of the softmax and of every copy, (..., 1 + J); their exponentials sum to one.
    """

    centre: jax.Array
    scale: jax.Array
    log_weight: jax.Array


def logits(features_NxD: jax.Array, kernel_DxCxV: jax.Array, bias_CxV: jax.Array) -> jax.Array:
    """The unnormalised log-probabilities of every intensity, (N, C, 256) float32."""
    return _einsum("nd,dcv->ncv", features_NxD.astype(jnp.float32), kernel_DxCxV) + bias_CxV


def mean_surprise(
    features_NxD: jax.Array,
    kernel_DxCxV: jax.Array,
    bias_CxV: jax.Array,
    value_NxC: jax.Array,
    weight_N: jax.Array,
    copies: Copies | None = None,
) -> jax.Array:
    """Σ weight · (−log q(value)), averaged over channels: the training loss, a scalar in nats.

    Its gradient is computed in the same pass over the chunks as its value, so that the logits are
    computed once and never stored.

    Args:
        features_NxD: input of the output layer at each of N pixels.
        kernel_DxCxV, bias_CxV: the output layer.
        value_NxC: the true intensities, integers 0..255.
        weight_N: weight of each pixel; for a mean they sum to one.
        copies: of the same pixels, mixed with the softmax; None: q is the softmax.
    """
    mixed = None
    if copies is not None:
        of_value = laplace.log_probability(value_NxC[:, None], copies.centre, copies.scale[..., None])
        copied_NxC = jax.nn.logsumexp(copies.log_weight[:, 1:, None] + of_value, axis=1)
        mixed = (copies.log_weight[:, 0], copied_NxC)
    return _mean_surprise(features_NxD, kernel_DxCxV, bias_CxV, value_NxC, weight_N, mixed)


@jax.custom_vjp
def _mean_surprise(features, kernel, bias, value, weight, mixed):
    """`mean_surprise` with the log of the softmax's weight (N,) and of what the copies give the value (N, C)."""
    return _surprise_and_gradients(features, kernel, bias, value, weight, mixed, False)


def _mean_surprise_fwd(features, kernel, bias, value, weight, mixed):
    return _surprise_and_gradients(features, kernel, bias, value, weight, mixed, True)


def _mean_surprise_bwd(gradients, dloss):
    dfeatures, dkernel, dbias, dmixed = jax.tree.map(lambda g: (g * dloss).astype(g.dtype), gradients)
    return dfeatures, dkernel, dbias, None, None, dmixed


_mean_surprise.defvjp(_mean_surprise_fwd, _mean_surprise_bwd)


def _surprise_and_gradients(features, kernel, bias, value, weight, mixed, with_gradients):
    colours = bias.shape[0]

    def of_chunk(totals, chunk):
        x_NxD, value_NxC, weight_N, mixed = chunk
        z_NxCxV = logits(x_NxD, kernel, bias)
        log_normaliser = jax.nn.logsumexp(z_NxCxV, axis=-1, keepdims=True)
        is_value = value_NxC[..., None] == jnp.arange(VALUES)
        weight = weight_N[:, None, None] / colours
        surprise = log_normaliser[..., 0] - jnp.sum(z_NxCxV * is_value, axis=-1)
        dmixed = None
        if mixed is not None:
            of_softmax = mixed[0][:, None] - surprise
            surprise = -jnp.logaddexp(of_softmax, mixed[1])
            share = jnp.exp(of_softmax + surprise)[..., None]  # of the softmax in what the value is given
            dmixed = -(weight * share)[..., 0].sum(-1), (weight * (share - 1))[..., 0]
            weight = weight * share
        loss = jnp.sum(surprise * weight_N[:, None] / colours)
        if not with_gradients:
            return totals + loss, None
        dz = (jnp.exp(z_NxCxV - log_normaliser) - is_value) * weight
        dkernel = _einsum("nd,ncv->dcv", x_NxD.astype(jnp.float32), dz)
        dx = _einsum("ncv,dcv->nd", dz, kernel).astype(x_NxD.dtype)
        totals = jax.tree.map(jnp.add, totals, (loss, dkernel, dz.sum(0)))
        return totals, (dx, dmixed)

    pixels = features.shape[0]
    chunks = jax.tree.map(lambda x: _chunked(x, _LOSS_CHUNK), (features, value, weight, mixed))
    zero = jnp.zeros(())
    if not with_gradients:
        return lax.scan(of_chunk, zero, chunks)[0]
    zeros = (zero, jnp.zeros_like(kernel), jnp.zeros_like(bias))
    (loss, dkernel, dbias), of_pixels = lax.scan(of_chunk, zeros, chunks)
    dfeatures, dmixed = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[:pixels], of_pixels)
    return loss, (dfeatures, dkernel, dbias, dmixed)


def distribution_statistics(
    features_NxD: jax.Array,
    kernel_DxCxV: jax.Array,
    bias_CxV: jax.Array,
    value_NxC: jax.Array,
    tail: bool = True,
    copies: Copies | None = None,
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
        features_NxD, value_NxC, copies = chunk
        ones_Nx1 = jnp.ones((len(features_NxD), 1))
        features_NxF = jnp.concatenate([features_NxD.astype(jnp.float32), ones_Nx1], axis=1)
        z_CxVxN = _einsum("fcv,nf->cvn", kernel_FxCxV, features_NxF)
        of_value_CxNxF = jax.vmap(lambda column_VxF, value_N: column_VxF[value_N])(column_CxVxF, value_NxC.T)
        z_of_value_CxN = (of_value_CxNxF * features_NxF).sum(-1)
        if copies is None:
            statistics = _statistics(z_CxVxN, z_of_value_CxN, value_NxC.T, tail)
        else:
            statistics = _mixture_statistics(z_CxVxN, z_of_value_CxN, value_NxC.T, copies, tail)
        return jax.tree.map(jnp.transpose, statistics)

    chunks = jax.tree.map(lambda x: _chunked(x, _STATISTICS_CHUNK), (features_NxD, value_NxC, copies))
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
    total, moments = _moments(weight)
    log_total = jnp.log(total) + largest_CxN
    statistics = {"surprise": log_total - z_of_value_CxN, **moments}
    if tail:
        # `where`, as XLA would turn a plain sum of products into many tiny matrix products.
        products = jnp.where(weight > 0, weight * z_CxVxN, 0)
        statistics["entropy"] = log_total - jnp.sum(products, axis=1) / total
        statistics["tail"] = _two_sided_tail(weight / total[:, None], value_CxN)
    return statistics


def _mixture_statistics(z_CxVxN, z_of_value_CxN, value_CxN, copies_NxJ, tail):
    """`_statistics` where the softmax is mixed with copies, from the probabilities of the mixture."""
    log_total_CxN = jax.nn.logsumexp(z_CxVxN, axis=1)
    centre_JxCxN, scale_JxN, log_weight_JxN = (jnp.moveaxis(x, 0, -1) for x in copies_NxJ)
    q_CxVxN = jnp.exp(z_CxVxN + (log_weight_JxN[0] - log_total_CxN)[:, None])
    of_value_CxN = log_weight_JxN[0] + z_of_value_CxN - log_total_CxN
    for centre_CxN, scale_N, log_weight_N in zip(centre_JxCxN, scale_JxN, log_weight_JxN[1:]):
        q_CxVxN = q_CxVxN + jnp.exp(log_weight_N) * laplace.probabilities(centre_CxN, scale_N)
        copied_CxN = log_weight_N + laplace.log_probability(value_CxN, centre_CxN, scale_N)
        of_value_CxN = jnp.logaddexp(of_value_CxN, copied_CxN)
    statistics = {"surprise": -of_value_CxN, **_moments(q_CxVxN)[1]}
    if tail:
        tiny = jnp.finfo(q_CxVxN.dtype).tiny
        statistics["entropy"] = -jnp.sum(q_CxVxN * jnp.log(jnp.maximum(q_CxVxN, tiny)), axis=1)
        statistics["tail"] = _two_sided_tail(q_CxVxN, value_CxN)
    return statistics


def _moments(weight_CxVxN):
    """The sum of the weights over intensities, and `mean` and `variance` of intensities so distributed, (C, N)."""
    intensity = jnp.arange(VALUES) / (VALUES - 1)
    powers_3xV = jnp.stack([jnp.ones(VALUES), intensity, intensity**2])
    total, first, second = _einsum("kv,cvn->kcn", powers_3xV, weight_CxVxN)
    mean = first / total
    return total, {"mean": mean, "variance": jnp.maximum(second / total - mean**2, 0)}


def _two_sided_tail(q_CxVxN, value_CxN):
    values_Vx1, value_Cx1xN = jnp.arange(VALUES)[:, None], value_CxN[:, None]
    part = lambda which: jnp.sum(jnp.where(which, q_CxVxN, 0), axis=1)
    smaller = jnp.minimum(part(values_Vx1 <= value_Cx1xN), part(values_Vx1 >= value_Cx1xN))
    return -jnp.log(jnp.clip(2 * smaller, jnp.finfo(q_CxVxN.dtype).tiny, 1))


def _chunked(x, largest_chunk: ByPlatform[int]):
    """Pads the pixels with zeros to whole chunks: (chunks, chunk, ...)."""
    pixels = x.shape[0]
    chunk = min(traced_size(largest_chunk), pixels)
    chunks = -(-pixels // chunk)
    padding = [(0, chunks * chunk - pixels)] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, padding).reshape(chunks, chunk, *x.shape[1:])
