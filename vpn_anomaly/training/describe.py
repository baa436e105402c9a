"""Costs of a configuration's training step: parameters, operations and memory.

No data are loaded and no arrays allocated: operations are counted by closed formulas
(`models/costs.py` says what counts: elementwise work is left out), and memory is found from shapes alone
(`training/describe_memory.py`).
"""

import dataclasses
import itertools

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.systems.build import build_system, step_size
from vpn_anomaly.text.columns import aligned
from vpn_anomaly.training.describe_memory import memory

_GIGA = 10**9
_HEADER = ("module", "parameters", "forward", "step", "of step")


def describe(config, devices: int | None = None, gigabytes: float | None = None) -> str:
    """The table of costs, then the memory of one device: what --mode=describe prints.

    Of a system that is fitted to whole videos the costs alone. UserError for an unknown optimizer, and for a batch
    that does not divide over the devices.

    Args:
        devices, gigabytes: of `describe_memory.memory`.
    """
    if system_named(config.system).fits:
        return costs_of_frame(config)
    return f"{costs(config)}\n\n{memory(config, devices, gigabytes)}"


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
    return f"{title}\n{aligned(lines)}"


def _cost_table(rows):
    whole = sum(row.training for row in rows)
    lines = [_HEADER]
    for module, group in itertools.groupby(rows, key=lambda row: row.module):
        parts = list(group)
        lines += [_line(f"{module}, {row.part}", [row], whole) for row in parts]
        if len(parts) > 1:
            lines.append(_line(f"{module}, all", parts, whole))
    lines.append(_line("sum", rows, whole))
    return aligned(lines)


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
