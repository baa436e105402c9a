"""Operations on frames shared by all systems: intensities, and the pixels that count."""

import jax.numpy as jnp

from vpn_anomaly.data.lattice import shown
from vpn_anomaly.ops.intensity import VALUES


def intensity(clip):
    """Converts uint8 to float32 in 0..1."""
    return clip.astype(jnp.float32) / (VALUES - 1)


def hidden_by_any(shift_Mx2, lattice, height: int, width: int):
    """The pixels hidden by at least one of M masks, which count for every system, bool (H, W)."""
    return ~shown(height, width, shift_Mx2, lattice).all(0)
