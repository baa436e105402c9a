"""Distances to the nearest of a set of exemplars."""

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.precision import EXACT

# Rows of distances at once, at most; they then stay in a CPU's cache.
ROWS = 256
FAR = 1e12  # squared, of exemplars that are left out


def nearest_distance(value_NxF: jax.Array, exemplar_MxF: jax.Array, used_M: jax.Array) -> jax.Array:
    """Euclidean distance to the nearest exemplar that is used (bool), (N,); sqrt(FAR) where none is.

    ‖value − e‖² = ‖value‖² + (‖e‖², −2e) · (1, value): a product whose columns only need their minimum.
    """
    count, features = value_NxF.shape
    rows = -(-count // -(-count // ROWS))  # in equal parts
    padded = jnp.pad(value_NxF, ((0, -count % rows), (0, 0))).reshape(-1, rows, features)
    norm_M = jnp.where(used_M, (exemplar_MxF**2).sum(1), FAR)
    exemplar_MxG = jnp.concatenate([norm_M[:, None], -2 * exemplar_MxF], 1)

    def of_rows(value_RxF):
        value_RxG = jnp.concatenate([jnp.ones((rows, 1)), value_RxF], 1)
        products_MxR = jnp.matmul(exemplar_MxG, value_RxG.T, precision=EXACT)
        return products_MxR.min(0) + (value_RxF**2).sum(1)

    squared = jax.lax.map(of_rows, padded).reshape(-1)[:count]
    return jnp.sqrt(jnp.maximum(squared, 0))
