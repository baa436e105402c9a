"""What training carries from step to step, and the optimizer."""

import inspect
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from vpn_anomaly.errors import UserError


@flax.struct.dataclass
class TrainState:
    """All that a training goes on from.

    Attributes:
        params, opt_state: parameters and the optimizer's state.
        step: the number of steps done, int32 ().
        carried: what the sequences of the last batch left for those that continue them; None where
            every sequence begins anew.
    """

    params: Any
    opt_state: Any
    step: jax.Array
    carried: Any = None


def new_state(
    system, optimizer, seed: int, clip_BxTxHxWxC, carried: Any = None, params: Any = None
) -> TrainState:
    """The state before the first step.

    params: those to start from; None: random ones, and the clips' histogram starts the output layer.
    """
    if params is None:
        params = system.init(jax.random.key(seed), clip_BxTxHxWxC)
    return TrainState(params, optimizer.init(params), jnp.zeros((), jnp.int32), carried)


def build_optimizer(train) -> optax.GradientTransformation:
    """The optimizer of the `train` section: clipping, then optax's by name with warm-up and cosine.

    UserError for a name that optax has no optimizer for.
    """
    make = getattr(optax, train.optimizer, None)
    arguments = inspect.signature(make).parameters if callable(make) else {}
    if "learning_rate" not in arguments:
        raise UserError(
            f"train.optimizer={train.optimizer}: not an optimizer of optax that takes a learning"
            " rate; set for example adamw, adam, rmsprop, sgd or lion"
        )
    decay = {"weight_decay": train.weight_decay} if "weight_decay" in arguments else {}
    optimizer = make(learning_rate=learning_rate_schedule(train), **decay)
    return optax.chain(optax.clip_by_global_norm(train.clip_norm), optimizer)


def learning_rate_schedule(train) -> optax.Schedule:
    """Linear warm-up (at most half of the run), then a cosine to zero at the last step."""
    warmup = min(train.warmup_steps, train.steps // 2)
    return optax.warmup_cosine_decay_schedule(0.0, train.learning_rate, warmup, train.steps)
