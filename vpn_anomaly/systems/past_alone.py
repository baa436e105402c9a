"""What the past alone says of a frame, beside what its shown pixels add: the joint surprise.

An anomalous frame of which 5% are shown explains itself away: by the chain rule,

    −log p(frame | past) = −log p(shown | past) − log p(hidden | shown, past),

and the paper's score drops the first term. A network that was trained with and without the masked frame gives
both: the shown pixels are charged what the past alone gives them.
"""

import jax
import jax.numpy as jnp

# The names of the maps, which are of all pixels, hidden or shown.
JOINT, OF_SHOWN = "joint", "surprise_of_shown"
_WITHHELD = 2**32 - 1  # folded into a step's key before a sequence's number, which is less


def withhold(shown_BxGxHxW, share: float, key, index_B):
    """The shown pixels of target frames, none in a share of the targets, which are drawn at random.

    Args:
        key, index_B: the key of the training step and the sequences' numbers, which alone decide.
    """
    if not share:
        return shown_BxGxHxW
    key, targets = jax.random.fold_in(key, _WITHHELD), shown_BxGxHxW.shape[1]
    keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(index_B)
    kept_BxG = jax.vmap(lambda key: jax.random.uniform(key, (targets,)) >= share)(keys)
    return shown_BxGxHxW & kept_BxG[..., None, None]


def joint_surprise(hidden_surprise, past_surprise, shown_share) -> dict[str, jax.Array]:
    """The maps `joint` and `surprise_of_shown`: surprise of every pixel, and the part of shown pixels in it; nats.

    With S the share of masks that show a pixel: `surprise_of_shown` is S times its surprise by the past alone,
    `joint` that plus 1 − S times its surprise where it is hidden. Their means over a frame are the means over masks
    of

        Σ_shown −log q_past / pixels   and   [Σ_shown −log q_past + Σ_hidden −log q_masked] / pixels.

    Args:
        hidden_surprise: averaged over the masks that hide a pixel; anything where none does.
        past_surprise: given no pixel of the frame.
        shown_share: from 0 to 1; all broadcast against each other.
    """
    shown = shown_share * past_surprise
    hidden = jnp.where(shown_share < 1, (1 - shown_share) * hidden_surprise, 0.0)
    return {JOINT: shown + hidden, OF_SHOWN: shown}
