"""The memory of one device in a training step, from shapes alone: no data are loaded and no arrays allocated.

It is estimated for any number of devices, and planned by the compiler for those present.
"""

import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh

from vpn_anomaly.ops.devices import device_bytes
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.systems.system import System
from vpn_anomaly.text.columns import aligned
from vpn_anomaly.training.memory_estimate import peak_bytes
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.settings import TrainingSettings, build_settings, check_divides
from vpn_anomaly.training.state import new_state
from vpn_anomaly.training.step import DATA, batch_sharding, build_train_step, data_mesh, state_sharding

GIGA = 10**9
COMPILERS_TAKE = 1.5  # times the estimate at most; measured in experiments/results/memory_estimate.json


@dataclasses.dataclass(frozen=True)
class TrainedShapes:
    """What determines the arrays of a training step.

    Attributes:
        clip: shape (T, H, W, C) of a sequence.
    """

    system: System
    optimizer: optax.GradientTransformation
    settings: TrainingSettings
    clip: tuple[int, int, int, int]

    def with_settings(self, **changes: Any) -> "TrainedShapes":
        return dataclasses.replace(self, settings=dataclasses.replace(self.settings, **changes))


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Bytes on one device: of the training's state, of a batch, and of all that a step makes, at most at once."""

    state: int
    batch: int
    temporary: int

    @property
    def whole(self) -> int:
        return self.state + self.batch + self.temporary


def trained_shapes(config) -> TrainedShapes:
    """Those of a config. UserError for an unknown optimizer."""
    data = config.data
    clip = (data.frames, data.height, data.width, data.channels)
    return TrainedShapes(build_system(config), build_optimizer(config.train), build_settings(config), clip)


def memory(config, devices: int | None = None, gigabytes: float | None = None) -> str:
    """The estimate for one device, whether it fits there, and, of the present devices, what the compiler plans.

    The plan takes as long as compiling the step, which can be minutes; nothing is run.

    Args:
        devices: how many share the batch; None: those present.
        gigabytes: memory of one of them, GB; None: that of those present, where it is known. With either of
            them there is no plan, as the compiler plans for the present devices.

    UserError for a batch that does not divide over the devices, and there into microbatches.
    """
    shapes, present = trained_shapes(config), data_mesh().size
    settings, count = shapes.settings, devices or present
    check_divides(settings, count)
    estimate = estimated(shapes, count)
    title = (
        f"Memory of one device of {count}, estimated without compiling, at train.batch_size={settings.batch_size},"
        f" train.microbatches={settings.microbatches}"
    )
    sizes = {
        "state": estimate.state,
        "batch": estimate.batch,
        "temporary: activations, gradients": estimate.temporary,
    }
    limit = round(gigabytes * GIGA) if gigabytes else device_bytes()
    parts = [f"{title}\n{_table(sizes)}"]
    parts += [_verdict(shapes, count, estimate, limit)] if limit else []
    if devices is None and gigabytes is None:
        parts.append(planned_memory(shapes))
    return "\n\n".join(parts)


def estimated(shapes: TrainedShapes, devices: int) -> Estimate:
    """The estimate for one of so many devices, over which the batch has to divide."""
    of_one = shapes.with_settings(batch_size=shapes.settings.batch_size // devices)
    step, state, batch = _step_and_shapes(of_one, jax.make_mesh((1,), (DATA,), devices=jax.devices()[:1]))
    return Estimate(_bytes(state), _bytes(batch), peak_bytes(step, state, batch))


def planned_memory(shapes: TrainedShapes) -> str:
    """What the compiler plans for each of the present devices; or, as a line, why there is no plan."""
    mesh, batch, device = data_mesh(), shapes.settings.batch_size, jax.devices()[0]
    where = f"{mesh.size} × {device.device_kind} ({device.platform})"
    started = time.monotonic()
    lowered = lowered_step(shapes, mesh)
    try:
        plan = lowered.compile().memory_analysis()
    except jax.errors.JaxRuntimeError as error:  # such as a plan that does not fit the device
        return f"Memory unknown: the compiler for {where} refuses the step: {_first_line(error)}"
    if plan is None:
        return f"Memory unknown: the compiler for {where} gives no analysis."
    title = (
        f"Memory of one device, planned by the compiler for {where}, at train.batch_size={batch};\n"
        f"the step was compiled in {time.monotonic() - started:.0f} s and not run."
    )
    return f"{title}\n{_plan_table(plan)}"


def lowered_step(shapes: TrainedShapes, mesh: Mesh) -> jax.stages.Lowered:
    """The training step over the devices of a mesh, not yet compiled."""
    step, state, batch = _step_and_shapes(shapes, mesh)
    return step.lower(state, batch)


def _step_and_shapes(shapes: TrainedShapes, mesh: Mesh):
    """The training step, and the shapes of its state and of a batch, placed on the mesh."""
    system, optimizer, settings = shapes.system, shapes.optimizer, shapes.settings
    batch, (frames, height, width, _) = settings.batch_size, shapes.clip
    clips = jax.ShapeDtypeStruct((batch, *shapes.clip), jnp.uint8)
    carried = system.initial_carried(batch, height, width) if settings.carried else None
    state = jax.eval_shape(lambda x: new_state(system, optimizer, settings.seed, x, carried), clips)
    split = batch_sharding(mesh)
    of = lambda *shape: jax.ShapeDtypeStruct((batch, *shape), jnp.int32, sharding=split)
    given = {
        "clip": jax.ShapeDtypeStruct(clips.shape, clips.dtype, sharding=split),
        "shift": of(frames, 2),
        "index": of(),  # int64 until it is on a device
    }
    for name, is_there in (("continues", settings.carried), ("skipped", settings.skipped)):
        if is_there:
            given[name] = jax.ShapeDtypeStruct((batch,), bool, sharding=split)
    placed = lambda sharding, part: jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), part
    )
    state = jax.tree.map(placed, state_sharding(mesh), state)
    step = build_train_step(system, optimizer, mesh, settings.seed, settings.microbatches)
    return step, state, given


def _verdict(shapes, devices, estimate, limit):
    """Whether it fits the bytes of a device; if that is not sure, the microbatches with which it would."""
    of_device = f"a device of {limit / GIGA:,.1f} GB"
    if estimate.whole * COMPILERS_TAKE <= limit:
        return f"It fits {of_device}, even if the compiler takes {COMPILERS_TAKE} times as much, as some do."
    beginning = (
        f"Warning: it cannot fit {of_device}"
        if estimate.whole > limit
        else f"Warning: it may not fit {of_device}: compilers take up to {COMPILERS_TAKE} times the estimate"
    )
    for parts in _more_microbatches(shapes.settings, devices):
        part = estimated(shapes.with_settings(microbatches=parts), devices)
        if part.whole * COMPILERS_TAKE <= limit:
            return f"{beginning}; set train.microbatches={parts}, estimated at {part.whole / GIGA:,.1f} GB."
    return f"{beginning}; no number of microbatches suffices: use more devices, or a smaller model."


def _more_microbatches(settings: TrainingSettings, devices: int) -> list[int]:
    """The larger numbers of microbatches that are possible."""
    sequences = settings.batch_size // devices
    larger = range(settings.microbatches + 1, sequences + 1)
    return [] if settings.skipped else [parts for parts in larger if sequences % parts == 0]


def _plan_table(plan):
    new_outputs = plan.output_size_in_bytes - plan.alias_size_in_bytes
    return _table(
        {
            "state and batch": plan.argument_size_in_bytes,
            "outputs that do not replace the state": new_outputs,
            "temporary: activations, gradients": plan.temp_size_in_bytes,
            "program": plan.generated_code_size_in_bytes,
        }
    )


def _table(sizes: dict[str, int]) -> str:
    sizes = {**sizes, "sum": sum(sizes.values())}
    return aligned([("", "GB"), *((name, f"{size / GIGA:,.3f}") for name, size in sizes.items())])


def _bytes(shapes) -> int:
    return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(shapes))


def _first_line(error):
    return str(error).strip().splitlines()[0]
