"""Copies in the predicted distribution: how much every moved frame counts at a pixel, and how exactly."""

import math

import flax.linen as nn
import jax.numpy as jnp

from vpn_anomaly.models.costs import Row, StepSize, dense
from vpn_anomaly.ops.intensity import VALUES, Copies
from vpn_anomaly.ops.precision import EXACT

_SCALES = (0.05, 60.0)  # grey levels, the least and the largest scale of a copy
_INITIAL_SCALE = 3.0


class MixtureLayer(nn.Module):
    """Mixes the softmax over intensities with narrow distributions around the values of the moved frames.

    Weights and scales come from the head's features. At the beginning the softmax has half of the weight.
    """

    copies: int

    @nn.compact
    def __call__(self, features_BxHxWxD, moved_BxHxWxJC) -> Copies:
        """The copies at every pixel, from J = `copies` moved frames, float32 intensities in 0..1."""
        parameters = nn.Dense(
            2 * self.copies + 1,
            kernel_init=nn.initializers.variance_scaling(0.1, "fan_in", "normal"),
            precision=EXACT,
            name="copies",
        )(features_BxHxWxD.astype(jnp.float32))
        weights, scales = jnp.split(parameters, [self.copies + 1], axis=-1)
        half = jnp.zeros(self.copies + 1).at[0].set(jnp.log(self.copies))
        centre = jnp.clip(moved_BxHxWxJC, 0, 1) * (
            VALUES - 1
        )  # weighted means may exceed 1 by a rounding error
        return Copies(
            centre.reshape(*centre.shape[:-1], self.copies, -1),
            _scale(scales),
            nn.log_softmax(weights + half),
        )


def _scale(x):
    """The scale of a copy, between `_SCALES`; of 0 the initial one."""
    low, high, initial = (math.log(scale) for scale in (*_SCALES, _INITIAL_SCALE))
    share = (initial - low) / (high - low)
    return jnp.exp(low + (high - low) * nn.sigmoid(x + math.log(share / (1 - share))))


def mixture_costs(features: int, copies: int, step: StepSize) -> Row:
    """The layer, at all pixels of the predicted frames."""
    positions = step.sequences * step.targets * step.height * step.width
    return Row("output layer", "copies", dense(features, 2 * copies + 1, positions))
