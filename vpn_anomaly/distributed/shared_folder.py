"""Whether all processes see one folder: their checkpoints, and what one of them writes, lie there."""

import os
import pathlib
import socket
import tempfile

from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError


def check_seen_by_all(folder: pathlib.Path) -> None:
    """UserError, in all processes, if one of them does not see what the first one writes into an existing folder."""
    if group.current().count == 1:
        return
    name = group.by_first(lambda: _new_file(folder))
    try:
        group.by_all(lambda: _check_there(folder, name))
    finally:
        if group.is_first():
            (folder / name).unlink(missing_ok=True)


def _new_file(folder: pathlib.Path) -> str:
    descriptor, path = tempfile.mkstemp(prefix=".seen-by-all-", dir=folder)
    os.close(descriptor)
    return pathlib.Path(path).name


def _check_there(folder: pathlib.Path, name: str) -> None:
    there = os.listdir(folder) if folder.is_dir() else []  # listed anew, also by a network file system
    if name not in there:
        raise UserError(
            f"{folder} on {socket.gethostname()} is not the folder that process 0 sees; give a --workdir on a"
            " file system that all processes share"
        )
