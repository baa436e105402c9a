"""Quiet Orbax on single folders: a CheckpointManager would treat anything next to them as its own."""

import contextlib
import logging
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np
import orbax.checkpoint as ocp


def save(folder: pathlib.Path, items: Mapping[str, Mapping[str, np.ndarray]], **records) -> None:
    """Writes a new folder atomically: items of arrays by name, and JSON records.

    OSError if writing fails.
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
    """What Orbax restores. May raise any exception: Orbax documents no common class."""
    with _checkpointer() as checkpointer:
        return checkpointer.restore(folder.absolute(), args=arguments)


@contextlib.contextmanager
def _checkpointer() -> Iterator[ocp.Checkpointer]:
    """A checkpointer whose log messages are suppressed."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as checkpointer:
            yield checkpointer
    finally:
        logger.setLevel(level)


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
