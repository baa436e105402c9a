"""What training carries from step to step."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp


@flax.struct.dataclass
class TrainState:
    """All that a training resumes from.

    Attributes:
        params, opt_state: parameters and the optimizer's state.
        step: the number of steps done, int32 ().
        carried: the recurrent state at the end of the last batch's sequences, for those that
            continue them; None where every sequence begins with an empty memory.
    """

    params: Any
    opt_state: Any
    step: Any
    carried: Any = None


def new_state(
    system, optimizer, seed: int, clip_BxTxHxWxC, carried: Any = None, params: Any = None
) -> TrainState:
    """The state before the first step.

    Args:
        clip_BxTxHxWxC: training sequences, uint8; their histogram initialises the output layer.
        carried: of `TrainState`.
        params: initial ones; None: random ones.
    """
    if params is None:
        params = system.init(jax.random.key(seed), clip_BxTxHxWxC)
    return TrainState(params, optimizer.init(params), jnp.zeros((), jnp.int32), carried)
