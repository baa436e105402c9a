"""Quiet Orbax on single folders: a CheckpointManager would treat anything next to them as its own.

Of several processes all write together, each the part that its devices hold; each reads for itself.
"""

import contextlib
import logging
import pathlib
from collections.abc import Iterator, Mapping

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vpn_anomaly.storage import named_arrays


def save(folder: pathlib.Path, items: Mapping[str, Mapping[str, jax.Array | np.ndarray]], **records) -> None:
    """Writes a new folder atomically: items of arrays by name, and JSON records. To be called by all processes.

    OSError if writing fails.
    """
    placed = _on_all_devices if jax.process_count() > 1 else lambda array: array
    arguments = {item: ocp.args.StandardSave(jax.tree.map(placed, arrays)) for item, arrays in items.items()}
    arguments |= {name: ocp.args.JsonSave(record) for name, record in records.items()}
    with _checkpointer(ocp.options.MultiprocessingOptions()) as checkpointer:
        try:
            checkpointer.save(folder.absolute(), ocp.args.Composite(**arguments))
        except OSError:
            raise
        except Exception as error:
            _raise_refusal(error)
            raise


def restore(folder: pathlib.Path, arguments: ocp.args.Composite):
    """What Orbax restores. May raise any exception: Orbax documents no common class."""
    own = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(own, {own}, barrier_sync_key_prefix=f"process{own}")
    with _checkpointer(alone) as checkpointer:
        return checkpointer.restore(folder.absolute(), args=arguments)


@contextlib.contextmanager
def _checkpointer(processes: ocp.options.MultiprocessingOptions) -> Iterator[ocp.Checkpointer]:
    """A checkpointer whose log messages are suppressed."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with ocp.Checkpointer(
            ocp.CompositeCheckpointHandler(), multiprocessing_options=processes
        ) as checkpointer:
            yield checkpointer
    finally:
        logger.setLevel(level)


def _on_all_devices(array: jax.Array | np.ndarray) -> jax.Array:
    """An array that all processes hold, as one of all their devices: Orbax lets one of them write it."""
    if isinstance(array, jax.Array) and not array.is_fully_addressable:
        return array
    return named_arrays.on_mesh(
        array, NamedSharding(Mesh(np.array(jax.devices()), ("all",)), PartitionSpec())
    )


def _raise_refusal(error: Exception) -> None:
    """Raises OSError if TensorStore's message says that the disk is full or read-only."""
    for words in (
        "No space left on device",
        "Disk quota exceeded",
        "Read-only file system",
        "Permission denied",
    ):
        if words.lower() in str(error).lower():
            raise OSError(None, words) from error
