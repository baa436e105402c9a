"""One program at a time in a folder: a lock that the operating system releases when its holder exits.

    DIR/.lock     its holder, in JSON: {"pid": 4711, "since": "2024-03-01 12:00:05", "host": "name"}

However the holder exits, even by kill -9, the lock is released; a leftover file means nothing.
"""

import contextlib
import datetime
import errno
import json
import logging
import os
import pathlib
import socket
import time
from collections.abc import Iterator

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files, partial_files
from vpn_anomaly.storage import workdir

try:
    import fcntl
except ImportError:  # a platform without it is treated as a file system without locks
    fcntl = None  # type: ignore[assignment]  # mypy has no optional modules

LOCK = ".lock"
_HELD_BY_ANOTHER = (errno.EAGAIN, errno.EACCES)  # which of the two depends on the platform
_log = logging.getLogger(__name__)


class InUse(UserError):
    """Another program is using the folder."""


@contextlib.contextmanager
def held(directory: pathlib.Path) -> Iterator[None]:
    """Creates the folder, checks that it is writable, and keeps other programs out of it.

    On exit, folders that it created and that are still empty are removed. No other file than the lock
    is created or changed.

    Raises:
      InUse: another program holds the folder; the message gives its process and since when.
      UserError: the folder cannot be created or written.
    """
    with output_files.existing_folder(directory):
        lock = _acquired(directory)
        try:
            for folder in (directory, directory / workdir.CHECKPOINTS):
                if folder == directory or os.path.lexists(folder):
                    workdir.check_writable(folder)
                    partial_files.remove_abandoned(folder)
            yield
        finally:
            if lock is not None:
                partial_files.remove(directory / LOCK)  # before unlocking: others then create a new one
                os.close(lock)


def holder(directory: pathlib.Path) -> str:
    """The holder of a locked folder, as a phrase to follow a noun: " (process 4711, since …)".

    Empty if that cannot be read, as when the holder has only just started.
    """
    try:
        said = json.loads((directory / LOCK).read_bytes())
        pid, since, host = int(said["pid"]), str(said["since"]), str(said["host"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    if not (since + host).isprintable():
        return ""
    on = "" if host == socket.gethostname() else f" on {host}"
    return f" (process {pid}{on}, since {since})"


def _acquired(directory: pathlib.Path) -> int | None:
    """The descriptor of the lock file, locked; without a lock, and with a warning, if there are no locks."""
    path = directory / LOCK
    while True:
        with output_files.storing(directory):
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(os.close, lock)
            locked = _lock(lock, directory)
            if not locked or _is_at(path, lock):  # else its holder removed it before it could be locked
                _write_holder(lock)
                unless_kept.pop_all()
                return lock


def _lock(lock: int, directory: pathlib.Path) -> bool:
    """Whether it was locked; False if locks are not supported. InUse if another program holds it."""
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            raise InUse(
                f"{directory} is in use by another program{_holder_with_retries(directory)}; wait for "
                "it or end it, or use another --workdir"
            ) from error
        _log.warning(
            "%s has no locks (%s): see to it that no other program works in it",
            directory,
            (error.strerror or str(error)).lower(),
        )
        return False


def _holder_with_retries(directory: pathlib.Path) -> str:
    """Like `holder`, for a holder that may have only just started."""
    for _ in range(5):
        if words := holder(directory):
            return words
        time.sleep(0.02)
    return ""


def _is_at(path: pathlib.Path, lock: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(lock))
    except OSError:
        return False


def _write_holder(lock: int) -> None:
    since = datetime.datetime.now().isoformat(sep=" ", timespec="seconds")
    content = {"pid": os.getpid(), "since": since, "host": socket.gethostname()}
    with contextlib.suppress(OSError):  # the lock works without its description, too
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(content).encode() + b"\n", 0)
