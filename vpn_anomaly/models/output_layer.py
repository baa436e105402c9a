"""The output layer that gives every pixel and colour its 256 logits: its start and its cost."""

import jax
import jax.numpy as jnp

from vpn_anomaly.models.costs import Row, StepSize, dense
from vpn_anomaly.ops.intensity import VALUES


def smooth_kernel(key, shape: tuple[int, int, int]) -> jax.Array:
    """Output weights as random combinations of cosines, smooth in intensity: (D, C, 256).

    Neighbouring intensities start with neighbouring logits, which is what learning has to find
    otherwise.
    """
    features, colours, values = shape
    order = jnp.arange(1, 9)[:, None]
    cosines_JxV = jnp.cos(jnp.pi * order * (jnp.arange(values) + 0.5) / values) / order
    mixture = jax.random.normal(key, (features, colours, len(order))) / jnp.sqrt(features)
    return mixture @ cosines_JxV


def log_histogram(clip_NxTxHxWxC: jax.Array) -> jax.Array:
    """The log frequency of every intensity and colour in uint8 frames, (C, 256).

    Counts are smoothed by one part in a thousand of a uniform distribution.
    """
    colours = clip_NxTxHxWxC.shape[-1]
    values = clip_NxTxHxWxC.reshape(-1, colours).astype(jnp.int32)
    counts = [jnp.bincount(values[:, colour], length=VALUES) for colour in range(colours)]
    frequency = jnp.stack(counts) / values.shape[0]
    return jnp.log(0.999 * frequency + 0.001 / VALUES)


def output_layer_costs(features: int, colours: int, step: StepSize) -> Row:
    """The output layer at the pixels that the loss is taken over."""
    positions = step.sequences * step.targets * step.loss_pixels
    return Row("output layer", f"{VALUES}-way", dense(features, colours * VALUES, positions))
