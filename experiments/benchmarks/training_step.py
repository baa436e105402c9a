"""One training step of table.py's model against the same model in plain Flax and in PyTorch."""

import functools
import operator
from collections.abc import Callable

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from configs import full, table
from experiments.benchmarks.naive_flax import NaiveSystem, naive_parameters
from experiments.benchmarks.torch_module import torch_module
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import training_batches
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import TrainState
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

# Fields of the model of which `wide_config` has full.py's values.
_WIDTHS = (
    *("encoder.channels", "lstm.channels", "attention.meta_channels"),
    *("head.channels", "head.pixel_channels"),
)


def programs() -> dict[str, Callable]:
    """`ours`, `naive_flax` and, where PyTorch is installed, `torch_eager` and `torch_compiled`: the same
    parameters, sequences, loss and optimizer.

    On a GPU also ours and PyTorch's in bfloat16 (@bfloat16), and so with full.py's width and batch size (@width).
    """
    plain = table.get_config()
    result = compared_steps(plain, "", {"naive_flax": _naive_step})
    if jax.default_backend() == "gpu":
        result |= compared_steps(in_bfloat16(plain), "@bfloat16")
        result |= compared_steps(wide_config(), "@width")
    return result


def compared_steps(config: ConfigDict, suffix: str, more=None) -> dict[str, Callable]:
    """Programs that take a training step each, and return its metrics, once it is over or as JAX arrays."""
    params, batch = _start(config)
    builders = {"ours": package_step, **(more or {})}
    if module := torch_module("torch_training"):
        builders |= {
            "torch_eager": functools.partial(_torch_step, module, False),
            "torch_compiled": functools.partial(_torch_step, module, True),
        }
    return {f"{name}{suffix}": build(config, params, batch) for name, build in builders.items()}


def package_program(config: ConfigDict) -> Callable:
    """`package_step` on the config's first batch."""
    return package_step(config, *_start(config))


def in_bfloat16(config: ConfigDict) -> ConfigDict:
    """The config in bfloat16."""
    low = config.copy_and_resolve_references()
    low.model.dtype = "bfloat16"
    return low


def wide_config() -> ConfigDict:
    """table.py with full.py's width and batch size, in bfloat16."""
    wide, paper = in_bfloat16(table.get_config()), full.get_config()
    wide.update_from_flattened_dict(
        {f"model.{name}": operator.attrgetter(name)(paper.model) for name in _WIDTHS}
    )
    wide.train.batch_size = paper.train.batch_size
    return wide


def package_step(config: ConfigDict, params, batch, system=None) -> Callable:
    """Training steps of the package on one batch; `system`: another than the package's, with its `loss`."""
    optimizer, mesh = build_optimizer(config.train), data_mesh()
    train_step = build_train_step(system or build_system(config), optimizer, mesh, config.seed)
    params = jax.tree.map(jnp.copy, params)  # the step takes its state's memory
    state = TrainState(params, optimizer.init(params), jnp.zeros((), jnp.int32))
    state = jax.device_put(state, state_sharding(mesh))
    batch = jax.device_put(batch, batch_sharding(mesh))

    def run():
        nonlocal state
        state, metrics = train_step(state, batch)
        return metrics

    return run


def _start(config):
    """The parameters and the batch of the first step."""
    source = build_source(config.data)
    batch = next(training_batches(source, config.seed, config.train.batch_size, backend=config.data.backend))
    return build_system(config).init(jax.random.key(config.seed), batch["clip"]), batch


def _naive_step(config, params, batch):
    return package_step(config, naive_parameters(params), batch, NaiveSystem(config))


def _torch_step(module, compiled, config, params, batch):
    device = {"gpu": "cuda"}.get(jax.default_backend(), "cpu")
    return module.TorchTraining(config, params, batch, device, compiled).step
