"""One program at a time in a folder: a lock that the operating system frees when its holder ends.

    DIR/.lock     who holds it, in JSON: {"pid": 4711, "since": "2024-03-01 12:00:05", "host": "name"}

However the holder ends, kill -9 included, the lock is gone with it; a file that is left says nothing.
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
except ImportError:  # a system without: as a file system without locks
    fcntl = None  # type: ignore[assignment]  # mypy has no optional modules

LOCK = ".lock"
_HELD_BY_ANOTHER = (errno.EAGAIN, errno.EACCES)  # which of the two, systems differ in
_log = logging.getLogger(__name__)


class InUse(UserError):
    """Another program is at work in the folder."""


@contextlib.contextmanager
def held(directory: pathlib.Path) -> Iterator[None]:
    """Makes the folder, proves that it can be written, and keeps other programs out of it.

    When it ends, folders that it made and that are still empty go again. Nothing but the lock's
    own file is made or changed.

    Raises:
      InUse: another program holds the folder, with its process and since when.
      UserError: the folder cannot be made or written.
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
                partial_files.remove(directory / LOCK)  # first: who opens it now makes another
                os.close(lock)


def holder(directory: pathlib.Path) -> str:
    """Who holds a folder that is held, in words that follow a noun: " (process 4711, since …)".

    Empty where that cannot be read, as when the holder has only begun.
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
    """The open file of the lock; None, with a warning, where there are no locks."""
    path = directory / LOCK
    while True:
        with output_files.storing(directory):
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(os.close, lock)
            locked = _lock(lock, directory)
            if not locked or _is_at(path, lock):  # or its holder removed it before it could be locked
                _write_holder(lock)
                unless_kept.pop_all()
                return lock


def _lock(lock: int, directory: pathlib.Path) -> bool:
    """Whether it is locked; False where there are no locks. InUse where another program has it."""
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            raise InUse(
                f"{directory} is in use by another program{_patient_holder(directory)}; wait for "
                "it or end it, or use another --workdir"
            ) from error
        _log.warning(
            "%s has no locks (%s): see to it that no other program works in it",
            directory,
            (error.strerror or str(error)).lower(),
        )
        return False


def _patient_holder(directory: pathlib.Path) -> str:
    """As `holder`, of one that may have only just begun."""
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
    with contextlib.suppress(OSError):  # it holds without words, too
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(content).encode() + b"\n", 0)
