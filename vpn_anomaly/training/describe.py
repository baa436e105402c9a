"""Costs of a configuration's training step: parameters, operations and memory.

No data are loaded and no arrays allocated: operations are counted by closed formulas
(`models/costs.py` says what counts: elementwise work is left out), and memory is what the compiler
plans for the present devices, from shapes alone.
"""

import dataclasses
import itertools
import time

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.systems.build import build_system, step_size
from vpn_anomaly.systems.system import System
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.settings import TrainingSettings, build_settings
from vpn_anomaly.training.state import new_state
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

_GIGA = 10**9
_GIB = 2**30
_HEADER = ("module", "parameters", "forward", "step", "of step")


def describe(config) -> str:
    """The table of costs, then the memory of one device: what --mode=describe prints.

    Of a system that is fitted to whole videos the costs alone. UserError for an unknown optimizer.
    """
    if system_named(config.system).fits:
        return costs_of_frame(config)
    return f"{costs(config)}\n\n{memory(config)}"


def costs(config) -> str:
    """Parameters of each part of the model and its GFLOP in one training step, with sums.

    The columns: the forward pass of the step, the step, and the part's share of the step.
    """
    data, train, model = config.data, config.train, config.model
    computation = model.dtype + (", rematerialised" if model.rematerialise else "")
    title = (
        f"One training step: {train.batch_size} sequences of {data.frames} frames of"
        f" {data.height}×{data.width}×{data.channels}, {len(train.targets)} of them targets,"
        f" {computation}.\nGFLOP (10⁹ floating point operations), two for each multiply-add,"
        " elementwise work left out."
    )
    return f"{title}\n{_cost_table(build_system(config).costs(step_size(config)))}"


def costs_of_frame(config) -> str:
    """What parts of a system that is fitted to whole videos hold, and their GFLOP for one frame, with sums."""
    data = config.data
    size = dataclasses.replace(step_size(config), sequences=1)
    title = (
        f"One frame of {data.height}×{data.width}×{data.channels}, by a system that is fitted to whole videos.\n"
        "GFLOP (10⁹ floating point operations), two for each multiply-add, elementwise work left out."
    )
    rows = build_system(config).costs(size)
    whole = sum(row.cost.forward for row in rows)
    lines = [("module", "parameters", "forward", "of forward")]
    for name, parts in [*((f"{row.module}, {row.part}", [row]) for row in rows), ("sum", rows)]:
        parameters, forward = (
            sum(getattr(row.cost, of) for row in parts) for of in ("parameters", "forward")
        )
        lines.append((name, f"{parameters:,}", f"{forward / _GIGA:,.3f}", f"{forward / whole:.1%}"))
    return f"{title}\n{_aligned(lines)}"


def memory(config) -> str:
    """What the compiler plans for one training step on each of the present devices.

    The step is compiled, which can take minutes, and not run.
    """
    settings, data = build_settings(config), config.data
    shape = (data.frames, data.height, data.width, data.channels)
    return planned_memory(build_system(config), build_optimizer(config.train), settings, shape)


def planned_memory(
    system: System,
    optimizer: optax.GradientTransformation,
    settings: TrainingSettings,
    shape: tuple[int, int, int, int],
) -> str:
    """`memory` of sequences of a shape (T, H, W, C)."""
    mesh, batch = data_mesh(), settings.batch_size
    device = jax.devices()[0]
    where = f"{mesh.size} × {device.device_kind} ({device.platform})"
    if batch % mesh.size:
        return (
            f"Memory unknown: train.batch_size={batch} does not divide over {where}; set a multiple"
            f" of {mesh.size}."
        )
    started = time.monotonic()
    lowered = lowered_step(system, optimizer, settings, shape, mesh)
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
    return f"{title}\n{_memory_table(plan)}"


def lowered_step(
    system: System,
    optimizer: optax.GradientTransformation,
    settings: TrainingSettings,
    shape: tuple[int, int, int, int],
    mesh: Mesh,
) -> jax.stages.Lowered:
    """The training step on batches of sequences of a shape (T, H, W, C); nothing is allocated."""
    batch, (frames, height, width, _) = settings.batch_size, shape
    clips = jax.ShapeDtypeStruct((batch, *shape), jnp.uint8)
    carried = system.initial_carried(batch, height, width) if settings.carried else None
    state = jax.eval_shape(lambda x: new_state(system, optimizer, settings.seed, x, carried), clips)
    split = batch_sharding(mesh)
    of = lambda *shape: jax.ShapeDtypeStruct((batch, *shape), jnp.int32, sharding=split)
    shapes = {
        "clip": jax.ShapeDtypeStruct(clips.shape, clips.dtype, sharding=split),
        "shift": of(frames, 2),
        "index": of(),  # int64 until it is on a device
    }
    for name, is_there in (("continues", settings.carried), ("skipped", settings.skipped)):
        if is_there:
            shapes[name] = jax.ShapeDtypeStruct((batch,), bool, sharding=split)
    placed = lambda sharding, part: jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), part
    )
    state = jax.tree.map(placed, state_sharding(mesh), state)
    return build_train_step(system, optimizer, mesh, settings.seed).lower(state, shapes)


def _cost_table(rows):
    whole = sum(row.training for row in rows)
    lines = [_HEADER]
    for module, group in itertools.groupby(rows, key=lambda row: row.module):
        parts = list(group)
        lines += [_line(f"{module}, {row.part}", [row], whole) for row in parts]
        if len(parts) > 1:
            lines.append(_line(f"{module}, all", parts, whole))
    lines.append(_line("sum", rows, whole))
    return _aligned(lines)


def _line(name, rows, whole):
    forward, training = sum(row.cost.forward for row in rows), sum(row.training for row in rows)
    parameters = sum(row.cost.parameters for row in rows)
    return (
        name,
        f"{parameters:,}",
        f"{forward / _GIGA:,.3f}",
        f"{training / _GIGA:,.3f}",
        f"{training / whole:.1%}",
    )


def _aligned(lines):
    """Columns of text: names to the left, numbers to the right, a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    rows = [
        "  ".join(
            [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        )
        for line in lines
    ]
    return "\n".join([rows[0], "-" * len(rows[0]), *rows[1:]])


def _memory_table(plan):
    new_outputs = plan.output_size_in_bytes - plan.alias_size_in_bytes
    parts = {
        "state and batch": plan.argument_size_in_bytes,
        "outputs that do not replace the state": new_outputs,
        "temporary: activations, gradients": plan.temp_size_in_bytes,
        "program": plan.generated_code_size_in_bytes,
    }
    parts["sum"] = sum(parts.values())
    return _aligned([("", "GiB"), *((name, f"{size / _GIB:,.3f}") for name, size in parts.items())])


def _first_line(error):
    return str(error).strip().splitlines()[0]
