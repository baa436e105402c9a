"""Partial files, .NAME.PID-RANDOM.partial: one per writer, and removal of those that killed programs left."""

import contextlib
import os
import pathlib
import re
import secrets
import time

NAME_BYTES = 100  # of the final name in the partial file's name, which has up to 255 bytes
ABANDONED_AFTER = 24 * 3600.0  # seconds without a write until a partial file counts as abandoned
_NAME = re.compile(r"\..*\.[0-9]+-[0-9a-f]{8}\.partial", re.DOTALL)


def partial_path(path: pathlib.Path) -> pathlib.Path:
    """A path in the same folder that no other writer uses."""
    name = os.fsdecode(os.fsencode(path.name)[:NAME_BYTES])
    return path.with_name(f".{name}.{os.getpid()}-{secrets.token_hex(4)}.partial")


def remove(path: pathlib.Path) -> None:
    """Removes a file if possible."""
    with contextlib.suppress(OSError):
        path.unlink()


def remove_abandoned(folder: pathlib.Path) -> None:
    """Removes partial files that programs left in the folder when they were killed at least a day ago."""
    with contextlib.suppress(OSError):
        for path in folder.glob(".*.partial"):
            if _NAME.fullmatch(path.name) and time.time() - path.lstat().st_mtime > ABANDONED_AFTER:
                remove(path)
