"""One training step of table.py's model against the same model in plain Flax."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import ml_collections

from configs import table
from experiments.benchmarks.naive_flax import NaiveSystem, naive_parameters
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import training_batches
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import TrainState
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding


def programs() -> dict[str, Callable]:
    """`ours` and `naive_flax`: the same parameters, sequences and loss pixels."""
    config = ml_collections.FrozenConfigDict(table.get_config())
    source = build_source(config.data)
    batches = training_batches(source, config.seed, config.train.batch_size, backend=config.data.backend)
    batch, mesh, system = next(batches), data_mesh(), build_system(config)
    params = system.init(jax.random.key(config.seed), batch["clip"])
    batch = jax.device_put(batch, batch_sharding(mesh))

    def runner(system, params):
        optimizer = build_optimizer(config.train)
        train_step = build_train_step(system, optimizer, mesh, config.seed)
        state = TrainState(params, optimizer.init(params), jnp.zeros((), jnp.int32))
        state = jax.device_put(state, state_sharding(mesh))

        def run():
            nonlocal state
            state, metrics = train_step(state, batch)
            return metrics

        return run

    naive = jax.tree.map(jnp.copy, naive_parameters(params))
    return {"ours": runner(system, params), "naive_flax": runner(NaiveSystem(config), naive)}
