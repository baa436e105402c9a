"""One training step, compiled once for a mesh of devices."""

import functools

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vpn_anomaly.training.state import TrainState

DATA = "data"  # the mesh axis over which a batch is split
STOP = "stop"  # the entry of a batch with which each process asks for a stop, and the metric that tells all


def data_mesh() -> Mesh:
    """All devices on one axis; one device is no special case."""
    return jax.make_mesh((jax.device_count(),), (DATA,))


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """A batch is split by sequence."""
    return NamedSharding(mesh, PartitionSpec(DATA))


def state_sharding(mesh: Mesh):
    """A TrainState of shardings: all is on every device, but what is carried is split as its sequences are.

    With a state that is placed otherwise the step would be compiled twice.
    """
    whole = NamedSharding(mesh, PartitionSpec())
    return TrainState(whole, whole, whole, batch_sharding(mesh))


def build_train_step(
    system, optimizer: optax.GradientTransformation, mesh: Mesh, seed: int, microbatches: int = 1
) -> jax.stages.Wrapped:
    """The compiled function (state, batch) -> (state, metrics); the state's buffers are donated.

    The loss and its gradient run inside `shard_map`, each device on its own sequences, and are
    averaged explicitly: a scan over chunks of a batch split by the partitioner would gather it.
    Random numbers depend on (seed, step, sequence), not on the device.

    Each device takes its sequences in so many equal parts (`microbatches`), one after the other, so that
    the activations of one part alone are in memory. A loss is a mean over sequences: the mean of the parts'
    gradients is that of the batch.

    Metrics, scalars: `loss`, in the system's unit, and `gradient_norm`; with an entry STOP, (B,), in the batch
    the greatest of it.
    """

    def loss(params, carried, batch, key):
        if carried is None:
            return system.loss(params, batch, key), None
        return system.carried_loss(params, carried, batch, key)

    value = jax.value_and_grad(loss, has_aux=True)

    def averaged_gradient(params, carried, batch, key):
        def add_part(total, part):
            (mean_loss, carried), gradient = value(params, *part, key)
            return jax.tree.map(jnp.add, total, (mean_loss, gradient)), carried

        if microbatches == 1:
            (mean_loss, carried), gradient = value(params, carried, batch, key)
            return jax.lax.pmean((mean_loss, gradient), DATA), carried
        parts = jax.tree.map(lambda x: x.reshape(microbatches, -1, *x.shape[1:]), (carried, batch))
        zeros = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, params))
        total, carried = jax.lax.scan(add_part, zeros, parts)
        carried = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), carried)
        return jax.lax.pmean(jax.tree.map(lambda x: x / microbatches, total), DATA), carried

    replicated, split = PartitionSpec(), PartitionSpec(DATA)
    averaged_gradient = jax.shard_map(
        averaged_gradient,
        mesh=mesh,
        in_specs=(replicated, split, split, replicated),
        out_specs=(replicated, split),
        check_vma=False,
    )

    @functools.partial(jax.jit, donate_argnums=0)
    def train_step(state: TrainState, batch):
        asked = {STOP: jnp.max(batch[STOP])} if STOP in batch else {}
        batch = {name: array for name, array in batch.items() if name != STOP}
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        (loss, gradient), carried = averaged_gradient(state.params, state.carried, batch, key)
        updates, opt_state = optimizer.update(gradient, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        metrics = {"loss": loss, "gradient_norm": optax.tree.norm(gradient), **asked}
        return TrainState(params, opt_state, state.step + 1, carried), metrics

    return train_step
