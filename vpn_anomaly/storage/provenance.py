"""The provenance of a result: training, config, commit, hardware, software."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
from collections.abc import Mapping

import jax

from vpn_anomaly import config as configuration
from vpn_anomaly.systems.build import step_size
from vpn_anomaly.systems.system import System

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def of_run(config, system: System, params, metadata: Mapping) -> dict:
    """The entries of results.json about what was evaluated, and `of_this_process`.

    `sequences_seen`, `steps`, `parameters`, `step_flops` (operations of one training step), `config`.
    """
    return {
        "sequences_seen": metadata["sequences_seen"],
        "steps": metadata["step"],
        "parameters": sum(x.size for x in jax.tree.leaves(params)),
        "step_flops": sum(row.training for row in system.costs(step_size(config))),
        "config": configuration.as_dict(config),
        **of_this_process(),
    }


def of_this_process() -> dict:
    """`commit` (None outside a git checkout), `hardware` and `software` for results.json."""
    devices = jax.devices()
    return {
        "commit": _commit(),
        "hardware": {
            "platform": devices[0].platform,
            "device": devices[0].device_kind,
            "devices": len(devices),
            "processes": jax.process_count(),
            "cpu": _cpu_model(),
            "cpu_cores": os.cpu_count(),
        },
        "software": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
    }


def _commit() -> str | None:
    command = ["git", "rev-parse", "HEAD"]
    try:
        folder = pathlib.Path(__file__).parent
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
