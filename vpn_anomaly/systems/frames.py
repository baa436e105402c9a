"""What every system does with frames: intensities, and the pixels that count."""

import jax.numpy as jnp

from vpn_anomaly.data.lattice import shown
from vpn_anomaly.ops.intensity import VALUES


def intensity(clip):
    """uint8 to 0..1 float32."""
    return clip.astype(jnp.float32) / (VALUES - 1)


def hidden_by_any(shift_Mx2, lattice, height: int, width: int):
    """Pixels that at least one of M masks hides: those that count for every system, bool (H, W)."""
    return ~shown(height, width, shift_Mx2, lattice).all(0)
