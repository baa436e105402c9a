"""Files on the way that others may be making, too, and what killed programs left of such.

.NAME.PID-RANDOM.partial
"""

import contextlib
import os
import pathlib
import re
import secrets
import time

NAME_BYTES = 100  # of the file's own name in that of its partial one: names have 255 in all
ABANDONED_AFTER = 24 * 3600.0  # seconds without a write, after which a partial file is a killed program's
_NAME = re.compile(r"\..*\.[0-9]+-[0-9a-f]{8}\.partial", re.DOTALL)


def partial_path(path: pathlib.Path) -> pathlib.Path:
    """A name beside `path` that no other writer has."""
    name = os.fsdecode(os.fsencode(path.name)[:NAME_BYTES])
    return path.with_name(f".{name}.{os.getpid()}-{secrets.token_hex(4)}.partial")


def remove(path: pathlib.Path) -> None:
    """Removes a file, if that can be done."""
    with contextlib.suppress(OSError):
        path.unlink()


def remove_abandoned(folder: pathlib.Path) -> None:
    """Removes partial files that programs left in the folder when they were killed, a day ago or more."""
    with contextlib.suppress(OSError):
        for path in folder.glob(".*.partial"):
            if _NAME.fullmatch(path.name) and time.time() - path.lstat().st_mtime > ABANDONED_AFTER:
                remove(path)
