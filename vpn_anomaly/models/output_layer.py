"""The output layer, 256 logits for every pixel and colour: its initialisation and its cost."""

import jax
import jax.numpy as jnp

from vpn_anomaly.models.costs import Row, StepSize, dense
from vpn_anomaly.ops.intensity import VALUES
from vpn_anomaly.ops.precision import EXACT


def smooth_kernel(key, shape: tuple[int, int, int]) -> jax.Array:
    """Initial output weights, (D, C, 256): random combinations of cosines, smooth in intensity.

    Similar intensities start with similar logits, which training would otherwise have to learn.
    """
    features, colours, values = shape
    order = jnp.arange(1, 9)[:, None]
    cosines_JxV = jnp.cos(jnp.pi * order * (jnp.arange(values) + 0.5) / values) / order
    mixture = jax.random.normal(key, (features, colours, len(order))) / jnp.sqrt(features)
    return jnp.matmul(mixture, cosines_JxV, precision=EXACT)


def log_histogram(clip_NxTxHxWxC: jax.Array) -> jax.Array:
    """The log frequency of every intensity in uint8 frames, for each colour, (C, 256).

    Frequencies are smoothed by mixing in a uniform distribution with weight 0.001.
    """
    colours = clip_NxTxHxWxC.shape[-1]
    values = clip_NxTxHxWxC.reshape(-1, colours).astype(jnp.int32)
    counts = [jnp.bincount(values[:, colour], length=VALUES) for colour in range(colours)]
    frequency = jnp.stack(counts) / values.shape[0]
    return jnp.log(0.999 * frequency + 0.001 / VALUES)


def output_layer_costs(features: int, colours: int, step: StepSize) -> Row:
    """The output layer, at the pixels over which the loss is computed."""
    positions = step.sequences * step.targets * step.loss_pixels
    return Row("output layer", f"{VALUES}-way", dense(features, colours * VALUES, positions))
