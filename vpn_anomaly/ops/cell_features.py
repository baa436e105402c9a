"""What is in each cell of a frame, beside how it moves: change, foreground, edges and their orientations."""

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.displacement import window_sums

ORIENTATIONS = 8  # between 0 and 180 degrees


def pooled(frame_BxHxWxC: jax.Array, factor: int, cells: int) -> jax.Array:
    """Grey frames, 0..255, averaged over factor×factor pixels and continued at the bottom and right.

    Returns:
        (B, h, w) float32, h and w the least multiples of `cells` that hold the frame.
    """
    grey = frame_BxHxWxC.astype(jnp.float32).mean(-1)
    padding = [(0, -size % (factor * cells)) for size in grey.shape[1:]]
    grey = jnp.pad(grey, [(0, 0), *padding], mode="edge")
    height, width = (size // factor for size in grey.shape[1:])
    return grey.reshape(-1, height, factor, width, factor).mean((2, 4))


def window_means(map_BxHxWxF: jax.Array, cell: int, window: int) -> jax.Array:
    """Means over the window×window cells around each cell, (B, H/cell, W/cell, F); of what is inside the frame."""
    totals = window_totals(map_BxHxWxF, cell, window)
    count = window_sums(jnp.full((1, *totals.shape[1:3], 1), float(cell**2)), window)
    return totals / count


def window_totals(map_BxHxWxF: jax.Array, cell: int, window: int) -> jax.Array:
    """Sums over the window×window cells around each cell, (B, H/cell, W/cell, F); outside the frame is zero."""
    batch, height, width, features = map_BxHxWxF.shape
    cells = map_BxHxWxF.reshape(batch, height // cell, cell, width // cell, cell, features).sum((2, 4))
    return window_sums(cells, window)


def foreground(frame_BxHxW: jax.Array, background_HxW: jax.Array, noise: float) -> jax.Array:
    """How surely pixels are foreground: 0 up to `noise` grey levels from the background, 1 from twice that on."""
    return jnp.clip(jnp.abs(frame_BxHxW - background_HxW) / noise - 1, 0, 1)


def edges(frame_BxHxW: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Edges: strength in grey levels per pixel, (B, H, W), and shares of ORIENTATIONS, (B, H, W, ORIENTATIONS)."""
    padded = jnp.pad(frame_BxHxW, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    strength = jnp.sqrt(across**2 + down**2)
    place = (jnp.arctan2(down, across) % jnp.pi) / jnp.pi * ORIENTATIONS
    distance = jnp.abs(place[..., None] - jnp.arange(ORIENTATIONS))
    share = jnp.maximum(0, 1 - jnp.minimum(distance, ORIENTATIONS - distance))
    return strength, share
