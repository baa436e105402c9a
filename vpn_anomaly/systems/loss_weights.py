"""How much each pixel of a target frame counts in the loss: all the same, or more where something moves.

Most of a camera's picture stands still. With a part of the loss, the share, distributed by how much the
surroundings of a pixel have changed since the last frame that the model sees, it learns more from what moves.
The weights of a frame sum to the same whatever changes in it, and are computed from whole frames: the loss over
random pixels of them stays unbiased. The pixel's own change is one of 81, so that its weight hardly depends on
the value that is predicted: otherwise predictions would lean towards large changes.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

AROUND = 9  # pixels, the side of a pixel's surroundings
LEAST = 0.5  # grey levels of change that all pixels have, so that a frame without change has equal weights


def equal_weights(counted_BxGxHxW: jax.Array) -> jax.Array:
    """Weights of the counted pixels that sum to one, equally distributed over frames."""
    counted = counted_BxGxHxW.astype(jnp.float32)
    frames = counted.shape[0] * counted.shape[1]
    return counted / counted.sum((2, 3), keepdims=True) / frames


def weights_by_change(
    counted_BxGxHxW: jax.Array, value_BxGxHxWxC: jax.Array, last_BxGxHxWxC: jax.Array, share: float
) -> jax.Array:
    """`equal_weights`, of which a share is distributed over each frame by the change around a pixel.

    Args:
        value_BxGxHxWxC, last_BxGxHxWxC: the target frames and the last ones seen before them, uint8.
        share: from 0 to 1.
    """
    equal = equal_weights(counted_BxGxHxW)
    if not share:
        return equal
    value, last = (x.astype(jnp.float32) for x in (value_BxGxHxWxC, last_BxGxHxWxC))
    change = _mean_around(jnp.abs(value - last).mean(-1)) + LEAST
    mean = (change * equal).sum((2, 3), keepdims=True) / equal.sum((2, 3), keepdims=True)
    return equal * (1 - share + share * change / mean)


def _mean_around(x_BxGxHxW):
    """The mean over the surroundings of each pixel that are in the frame."""
    total = lax.reduce_window(x_BxGxHxW, 0.0, lax.add, (1, 1, AROUND, AROUND), (1, 1, 1, 1), "SAME")
    rows_H, columns_W = (_count_around(size) for size in x_BxGxHxW.shape[2:])
    return total / (rows_H[:, None] * columns_W)


def _count_around(size: int) -> np.ndarray:
    """How many of the places around each of a row of them are in the row."""
    place, half = np.arange(size), AROUND // 2
    return np.minimum(place + half + 1, size) - np.maximum(place - half, 0)
