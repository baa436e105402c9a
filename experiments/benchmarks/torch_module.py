"""The programs of the benchmarks that need PyTorch, the extra `bench`."""

import functools
import importlib
import os
import types


@functools.cache
def torch_module(name: str) -> types.ModuleType | None:
    """The module of this folder with that name; without PyTorch None, of which a line tells."""
    # Idle threads of PyTorch would otherwise keep spinning while the next program is timed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return importlib.import_module(f"experiments.benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
    print("PyTorch is not installed and not compared with; pip install '.[bench]'", flush=True)
    return None
