"""Reads and verifies one checkpoint folder.

Orbax restores a flipped bit silently, and reports a truncated file with screenfuls of stray
tracebacks. So the files are verified before Orbax reads them, and the arrays afterwards.
"""

import pathlib
from collections.abc import Mapping

import jax
import numpy as np
import orbax.checkpoint as ocp

from vpn_anomaly.files import checksums, json_reading
from vpn_anomaly.storage import orbax_folder
from vpn_anomaly.storage.checkpoint_folder import FILES, METADATA

# The required entries of every checkpoint's record, and their types.
_RECORD = {"metadata": dict, "arrays": dict}


class Damaged(Exception):
    """This checkpoint cannot be used; the message briefly says why."""


def raise_if_damaged(problem: str | None) -> None:
    """Raises Damaged if there is a problem."""
    if problem:
        raise Damaged(problem)


def read_record(folder: pathlib.Path) -> dict:
    """The verified `metadata` and `arrays` (the records of each item's arrays). Raises Damaged."""
    try:
        raise_if_damaged(checksums.file_problem(folder, json_reading.read_object(folder / FILES)))
    except FileNotFoundError:  # a run killed right after a save leaves an intact checkpoint without this file
        pass
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Damaged(f"file {FILES} is not readable: {type(error).__name__}") from error
    restore = ocp.args.Composite(**{METADATA: ocp.args.JsonRestore()})
    record = _restored(folder, restore)[METADATA]
    raise_if_damaged(
        checksums.record_problem(record, _RECORD)
        or checksums.schema_problem(record["metadata"], {"step": int})
    )
    return record


def read_arrays(folder: pathlib.Path, recorded: Mapping, wanted: Mapping) -> dict[str, np.ndarray]:
    """The verified arrays of the wanted items, by name. Raises Damaged.

    Args:
        recorded: `arrays` of the record.
        wanted: objects with the shape and dtype of each array, by item and name.
    """
    targets = {
        item: ocp.args.StandardRestore({name: _target(leaf) for name, leaf in leaves.items()})
        for item, leaves in wanted.items()
    }
    restored = _restored(folder, ocp.args.Composite(**targets))
    arrays = {}
    for item in wanted:
        raise_if_damaged(checksums.array_problem(restored[item], recorded[item]))
        arrays.update(restored[item])
    return arrays


def matches(folder: pathlib.Path, record: Mapping) -> bool:
    """Whether the checkpoint is intact, and its arrays match the record."""
    try:
        if read_record(folder)["arrays"] != record["arrays"]:
            return False
        abstract = {
            item: {name: jax.ShapeDtypeStruct(one["shape"], one["dtype"]) for name, one in arrays.items()}
            for item, arrays in record["arrays"].items()
        }
        read_arrays(folder, record["arrays"], abstract)
    except Damaged:
        return False
    return True


def _target(leaf) -> np.ndarray:
    """An array of the leaf's shape and dtype that takes no memory and makes Orbax return numpy."""
    return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape)


def _restored(folder: pathlib.Path, arguments: ocp.args.Composite):
    try:
        return orbax_folder.restore(folder, arguments)
    except Exception as error:  # Orbax and TensorStore have no common exception class for damage
        raise Damaged(f"not readable: {type(error).__name__}") from error
