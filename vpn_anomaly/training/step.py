"""One training step, compiled once for a mesh of devices."""

import functools
from collections.abc import Callable

import jax
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vpn_anomaly.training.state import TrainState

DATA = "data"  # the mesh axis over which a batch is split


def data_mesh() -> Mesh:
    """All devices in one row; one device is the same code."""
    return jax.make_mesh((jax.device_count(),), (DATA,))


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """A batch is split by sequence."""
    return NamedSharding(mesh, PartitionSpec(DATA))


def state_sharding(mesh: Mesh) -> NamedSharding:
    """The state is whole on every device. A state placed otherwise has the step compiled twice."""
    return NamedSharding(mesh, PartitionSpec())


def build_train_step(system, optimizer: optax.GradientTransformation, mesh: Mesh, seed: int) -> Callable:
    """The compiled function (state, batch) -> (state, metrics); the state's buffers are donated.

    The loss and its gradient run inside `shard_map`, each device on its own sequences, and are
    averaged explicitly: a scan over chunks of a batch that the partitioner splits would gather it.
    Random numbers depend on (seed, step, sequence), not on the device.

    Metrics, scalars: `loss`, in the system's unit, and `gradient_norm`.
    """

    def averaged_gradient(params, batch, key):
        gradient = jax.value_and_grad(system.loss)(params, batch, key)
        return jax.lax.pmean(gradient, DATA)

    replicated, split = PartitionSpec(), PartitionSpec(DATA)
    averaged_gradient = jax.shard_map(
        averaged_gradient,
        mesh=mesh,
        in_specs=(replicated, split, replicated),
        out_specs=replicated,
        check_vma=False,
    )

    @functools.partial(jax.jit, donate_argnums=0)
    def train_step(state: TrainState, batch):
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        loss, gradient = averaged_gradient(state.params, batch, key)
        updates, opt_state = optimizer.update(gradient, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        metrics = {"loss": loss, "gradient_norm": optax.tree.norm(gradient)}
        return TrainState(params, opt_state, state.step + 1), metrics

    return train_step
