"""Training a config in this process, without a run's folder, for programs that compare short trainings."""

from typing import Any

from vpn_anomaly.ops.devices import check_devices


def trained(config) -> tuple[Any, Any, Any]:
    """The source and the system of a config, and the parameters after all of its training steps.

    UserError without a device. It imports JAX when called: parents of processes that train do without it.
    """
    check_devices()
    import jax

    from vpn_anomaly.data.build import build_source
    from vpn_anomaly.data.pipeline import training_batches
    from vpn_anomaly.systems.build import build_system
    from vpn_anomaly.training.optimizer import build_optimizer
    from vpn_anomaly.training.state import new_state
    from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

    source, system, mesh = build_source(config.data), build_system(config), data_mesh()
    period, backend = tuple(config.data.lattice), config.data.backend
    batches = training_batches(source, config.seed, config.train.batch_size, period=period, backend=backend)
    batch = next(batches)
    optimizer = build_optimizer(config.train)
    state = jax.device_put(new_state(system, optimizer, config.seed, batch["clip"]), state_sharding(mesh))
    train_step = build_train_step(system, optimizer, mesh, config.seed)
    for _ in range(config.train.steps):
        state, _ = train_step(state, jax.device_put(batch, batch_sharding(mesh)))
        batch = next(batches)
    return source, system, jax.device_get(state.params)
