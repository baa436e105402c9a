"""Map and initial bias shared by the systems that predict one value per pixel."""

import jax.numpy as jnp

from vpn_anomaly.systems.frames import intensity
from vpn_anomaly.systems.system import Maps

ERROR_STATISTICS = frozenset({"error"})  # returned by `error_maps`; see `System.statistics`


def error_maps(predicted_BxGxHxWxC, frame_BxGxHxWxC, counted_HxW) -> Maps:
    """The map `error`: squared error of intensities in 0..1, averaged over colours."""
    error = ((predicted_BxGxHxWxC - frame_BxGxHxWxC) ** 2).mean(-1)
    counted = jnp.broadcast_to(counted_HxW, error.shape)
    return Maps({"error": error}, {}, {}, counted, frame_BxGxHxWxC.mean(-1))


def mean_logit(clip_NxTxHxWxC):
    """The logit of the mean intensity: the initial bias of a sigmoid output."""
    mean = jnp.clip(intensity(clip_NxTxHxWxC).mean(), 1e-3, 1 - 1e-3)
    return jnp.log(mean / (1 - mean))
