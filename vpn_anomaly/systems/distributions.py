"""Loss and maps shared by the systems that predict a distribution per pixel."""

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.intensity import VALUES, Copies, distribution_statistics, mean_surprise
from vpn_anomaly.systems.frames import intensity
from vpn_anomaly.systems.system import Maps


def mean_frame_surprise(
    features_BxGxHxWxD, output_layer, value_BxGxHxWxC, weight_BxGxHxW, subset, copies: Copies | None = None
):
    """Mean surprise of the pixels of frames (all colours), with weights such as `equal_weights`; nats.

    Args:
        features_BxGxHxWxD: the input of the output layer.
        output_layer: its kernel (D, C, 256) and bias (C, 256).
        value_BxGxHxWxC: the true intensities, uint8.
        weight_BxGxHxW: they sum to one.
        subset: (pixels, key, index_B). One pixel is drawn from each run of H·W / pixels adjacent pixels,
            using the key and the sequence's index, so that the loss is unbiased; 0 pixels: all.
        copies: of all these pixels, (B, G, H, W, ...) each; None: nothing is copied.
    """
    count, key, index_B = subset
    frame_pixels = weight_BxGxHxW.shape[2] * weight_BxGxHxW.shape[3]
    of_pixels = (features_BxGxHxWxD, value_BxGxHxWxC, weight_BxGxHxW, copies)
    pixels = jax.tree.map(lambda x: x.reshape(-1, frame_pixels, *x.shape[4:]), of_pixels)
    if count:
        keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(index_B)
        pixels = _one_of_each_run(pixels, keys, count)
    features, value, weight, copies = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), pixels)
    return mean_surprise(features, *output_layer, value.astype(jnp.int32), weight, copies)


def frame_statistics(
    features_BxGxHxWxD, output_layer, value_BxGxHxWxC, tail: bool = True, copies: Copies | None = None
) -> dict[str, jax.Array]:
    """Statistics of the predicted distributions, averaged over colours, (B, G, H, W) each.

    `surprise`, in nats; `variance` and `residual` (value − predicted mean), for intensities in 0..1; and
    unless `tail` is False, `entropy` and `tail`, in nats.
    """
    shape, colours = features_BxGxHxWxD.shape[:4], value_BxGxHxWxC.shape[-1]
    value = value_BxGxHxWxC.reshape(-1, colours).astype(jnp.int32)
    features, copies = jax.tree.map(lambda x: x.reshape(-1, *x.shape[4:]), (features_BxGxHxWxD, copies))
    statistics = distribution_statistics(features, *output_layer, value, tail, copies)
    statistics["residual"] = value / (VALUES - 1) - statistics.pop("mean")
    return jax.tree.map(lambda x: x.mean(-1).reshape(shape), statistics)


def surprise_maps(statistics: dict[str, jax.Array], value_BxGxHxWxC, counted) -> Maps:
    """Maps `nll` (its expected value is the entropy) and `tail`, in nats, `missing` and `intruding`.

    Without tails in the statistics, the map `tail` and the mean of `nll` are omitted. The last two are
    how much darker and brighter a pixel is than the predicted mean, intensities in 0..1; under the
    predicted distribution, they have mean zero and the predicted variance.
    """
    residual, zero = statistics["residual"], jnp.zeros_like(statistics["residual"])
    with_tail = "tail" in statistics
    return Maps(
        value={
            "nll": statistics["surprise"],
            **({"tail": statistics["tail"]} if with_tail else {}),
            "missing": -residual,
            "intruding": residual,
        },
        mean={
            **({"nll": statistics["entropy"]} if with_tail else {}),
            "missing": zero,
            "intruding": zero,
        },
        variance={"missing": statistics["variance"], "intruding": statistics["variance"]},
        counted=jnp.broadcast_to(counted, residual.shape),
        intensity=intensity(value_BxGxHxWxC).mean(-1),
    )


def surprise_statistics(tail: bool) -> frozenset[str]:
    """What `surprise_maps` returns for statistics with or without tails; see `System.statistics`."""
    means, variances = ("missing.mean", "intruding.mean"), ("missing.variance", "intruding.variance")
    of_tail = ("tail", "nll.mean") if tail else ()
    return frozenset({"nll", "missing", "intruding", *means, *variances, *of_tail})


def _one_of_each_run(pixels, keys_B, count):
    """Keeps one random pixel from each of `count` runs of adjacent pixels, weighted by the run length.

    A one-hot product instead of a gather, so that its gradient is also a product, not a scatter.
    """
    frames, positions = pixels[2].shape  # the weights
    run = positions // count
    draw = lambda key: jax.random.randint(key, (frames // len(keys_B), count), 0, run)
    chosen = jax.vmap(draw)(keys_B).reshape(frames, count)
    chosen_NxSxR = chosen[..., None] == jnp.arange(run)

    def choose(x):
        x = x.reshape(frames, count, run, *x.shape[2:])
        kept = chosen_NxSxR.astype(x.dtype).reshape(*chosen_NxSxR.shape, *[1] * (x.ndim - 3))
        return (x * kept).sum(2, dtype=x.dtype)

    features, value, weight, copies = jax.tree.map(choose, pixels)
    return features, value, weight * run, copies
