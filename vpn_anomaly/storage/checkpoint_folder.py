"""Finds the checkpoints among the entries of a checkpoint directory. Other entries are left alone.

300/                         the checkpoint of step 300
300-2/                       the same, if the name 300 is already taken
301.orbax-checkpoint-tmp/    an interrupted save, or a checkpoint being removed
"""

import contextlib
import functools
import itertools
import logging
import os
import pathlib
import re
import shutil
from collections.abc import Collection

from vpn_anomaly.files import checksums, json_reading

FILES, METADATA = "files.json", "metadata"
_MARKS = (FILES, METADATA, "_CHECKPOINT_METADATA")  # every checkpoint has at least one of these
_NAME = re.compile(r"(0|[1-9][0-9]*)(?:-([1-9][0-9]*))?")
_UNFINISHED = ".orbax-checkpoint-tmp"
_log = logging.getLogger(__name__)


def by_step(directory: pathlib.Path) -> dict[int, pathlib.Path]:
    """The checkpoint folders, intact or damaged, in ascending order of steps."""
    found = {}
    for path in _entries(directory):
        name = _NAME.fullmatch(path.name)
        if name and _is_checkpoint(path, int(name[1])):
            found[int(name[1]), int(name[2] or 1)] = path
    return {step: found[step, count] for step, count in sorted(found)}


def free_folder(directory: pathlib.Path, step: int) -> pathlib.Path:
    """A path that does not exist yet, for the checkpoint of a step."""
    names = itertools.chain([str(step)], (f"{step}-{count}" for count in itertools.count(2)))
    folders = (directory / name for name in names)
    return next(
        folder
        for folder in folders
        if not os.path.lexists(folder) and not os.path.lexists(_unfinished(folder))
    )


def remove(folder: pathlib.Path) -> None:
    """Removes a checkpoint, atomically for concurrent readers."""
    unfinished = _unfinished(folder)
    if not os.path.lexists(unfinished):
        folder = folder.rename(unfinished)
    shutil.rmtree(folder)


def remove_unfinished(directory: pathlib.Path) -> None:
    """Removes the remains of interrupted saves."""
    for path in _entries(directory):
        name, tail, _ = path.name.partition(_UNFINISHED)
        if tail and _NAME.fullmatch(name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def warn_about_strays(directory: pathlib.Path, checkpoints: Collection[pathlib.Path]) -> None:
    """Warns, once, about entries that are named like a step but are not checkpoints."""
    strays = sorted(
        path.name
        for path in _entries(directory)
        if path not in checkpoints and (path.name.isdigit() or _NAME.fullmatch(path.name))
    )
    if strays:
        _warn_once(directory, tuple(strays))


@functools.cache
def _warn_once(directory: pathlib.Path, strays: tuple[str, ...]) -> None:
    _log.warning("%s: passed over, as no checkpoint of that step: %s", directory, ", ".join(strays))


def _entries(directory: pathlib.Path) -> list[pathlib.Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return list(directory.iterdir())
    return []


def _is_checkpoint(path: pathlib.Path, step: int) -> bool:
    """Whether the folder was written by a save of this step; False for a copy of another step's checkpoint."""
    if path.is_symlink() or not any(os.path.lexists(path / mark) for mark in _MARKS):
        return False
    try:
        record = json_reading.read_object(path / METADATA / METADATA)
    except (OSError, ValueError):
        return True  # a damaged checkpoint
    says_a_step = (
        checksums.record_problem(record, {"metadata": dict}) is None
        and checksums.schema_problem(record["metadata"], {"step": int}) is None
    )
    return not says_a_step or record["metadata"]["step"] == step


def _unfinished(folder: pathlib.Path) -> pathlib.Path:
    return folder.with_name(folder.name + _UNFINISHED)
