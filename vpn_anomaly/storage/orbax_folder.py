"""Orbax on single folders, quietly: a CheckpointManager takes whatever lies beside them for its own."""

import contextlib
import logging
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np
import orbax.checkpoint as ocp


def save(folder: pathlib.Path, items: Mapping[str, Mapping[str, np.ndarray]], **records) -> None:
    """Writes a folder that is not there yet, in one piece: items of arrays by name, and JSON.

    OSError where the disk refuses.
    """
    arguments = {item: ocp.args.StandardSave(arrays) for item, arrays in items.items()}
    arguments |= {name: ocp.args.JsonSave(record) for name, record in records.items()}
    with _checkpointer() as checkpointer:
        try:
            checkpointer.save(folder.absolute(), ocp.args.Composite(**arguments))
        except OSError:
            raise
        except Exception as error:
            _raise_refusal(error)
            raise


def restore(folder: pathlib.Path, arguments: ocp.args.Composite):
    """What Orbax restores. Any exception where that fails: it names no class of them."""
    with _checkpointer() as checkpointer:
        return checkpointer.restore(folder.absolute(), args=arguments)


@contextlib.contextmanager
def _checkpointer() -> Iterator[ocp.Checkpointer]:
    """Its log lines are left out."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as checkpointer:
            yield checkpointer
    finally:
        logger.setLevel(level)


def _raise_refusal(error: Exception) -> None:
    """Raises TensorStore's word for a full or read-only disk as an OSError."""
    for words in (
        "No space left on device",
        "Disk quota exceeded",
        "Read-only file system",
        "Permission denied",
    ):
        if words.lower() in str(error).lower():
            raise OSError(None, words) from error
