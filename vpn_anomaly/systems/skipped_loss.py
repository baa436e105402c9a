"""The loss of sequences of which some skip frames, and are to surprise the model more than the others."""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def loss_with_skipped(
    surprise: Callable[[jax.Array], jax.Array], weight_BxGxHxW: jax.Array, skipped_B: jax.Array, margin: float
) -> jax.Array:
    """The mean over sequences of their surprise, or for one that skips frames of what it lacks; a scalar.

        lacks = max(0, margin − (surprise of the sequences that skip − surprise of the others))

    Without the bound the loss would fall without end. Both surprises are means over the batch; no gradient
    flows through that of the others, as they would be made more surprising as well.

    Args:
        surprise: of pixels with given weights, such as Σ weight · (−log q), nats.
        weight_BxGxHxW: they sum to one, and to 1/B for each of the B sequences.
        skipped_B: bool, the sequences that skip frames.
        margin: nats.
    """
    is_skipped = skipped_B[:, None, None, None]
    of_others = surprise(weight_BxGxHxW * ~is_skipped)
    share = skipped_B.mean()

    def lacking():
        part = jnp.maximum(share, 1 / len(skipped_B))
        others = jax.lax.stop_gradient(of_others) / jnp.maximum(1 - share, 1 / len(skipped_B))
        return share * jnp.maximum(0, margin - (surprise(weight_BxGxHxW * is_skipped) / part - others))

    return of_others + jax.lax.cond(skipped_B.any(), lacking, lambda: jnp.zeros(()))
