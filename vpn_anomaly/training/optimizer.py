"""The optimizer and its learning rate, from the `train` section of a config."""

import inspect

import optax

from vpn_anomaly.errors import UserError


def build_optimizer(train) -> optax.GradientTransformation:
    """Gradient clipping, then optax's optimizer of that name with the schedule of `build_schedule`.

    UserError for a name that optax has no optimizer for.
    """
    make = getattr(optax, train.optimizer, None)
    arguments = set(inspect.signature(make).parameters) if callable(make) else set()
    if not callable(make) or "learning_rate" not in arguments:
        raise UserError(
            f"train.optimizer={train.optimizer}: not an optimizer of optax that takes a learning"
            " rate; set for example adamw, adam, rmsprop, sgd or lion"
        )
    decay = {"weight_decay": train.weight_decay} if "weight_decay" in arguments else {}
    optimizer = make(learning_rate=build_schedule(train), **decay)
    return optax.chain(optax.clip_by_global_norm(train.clip_norm), optimizer)


def build_schedule(train) -> optax.Schedule:
    """The learning rate by step: linear warm-up (at most half of the run), then a cosine to zero."""
    warmup = min(train.warmup_steps, train.steps // 2)
    return optax.warmup_cosine_decay_schedule(0.0, train.learning_rate, warmup, train.steps)
