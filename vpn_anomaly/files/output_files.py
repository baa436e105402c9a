"""Output files: checked to be writable before the work starts, and replaced atomically after it.

A symbolic link stays one: its target is written. Devices and pipes are written to directly. Every
writer has its own temporary file, so that of two concurrent writers one leaves its complete file.
"""

import contextlib
import errno
import os
import pathlib
import shutil
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO

from vpn_anomaly.errors import UserError
from vpn_anomaly.files.partial_files import partial_path

# Errors for a file that may be written but not replaced: it is a mount point itself, or in a folder
# where only its owner may replace it.
_NOT_REPLACED = (errno.EPERM, errno.EACCES, errno.EBUSY)


@contextlib.contextmanager
def storing(path: str | os.PathLike) -> Iterator[None]:
    """Turns an OSError while writing (disk full, read-only, ...) into a UserError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        line = f"cannot write {path}: {reason}; choose another place or make room"
        raise UserError(line) from error


def check_output(path: str | os.PathLike) -> None:
    """Raises UserError if no file of this name could be written later. Changes nothing on disk."""
    with storing(path):
        target = os.path.realpath(path)
        there = _state(target)
        if there is None:  # only creating it shows that the name is allowed: its length, its characters
            AtomicFile(path, named=True).discard()
        elif stat.S_ISREG(there.st_mode):
            os.close(os.open(target, os.O_WRONLY))
            AtomicFile(path).discard()
        else:
            _check_special(there)
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def check_outputs_in(folder: pathlib.Path, *names: str) -> None:
    """`check_output` for files in a folder, which need not exist: it is not created either."""
    with existing_folder(folder):
        for name in names:
            check_output(folder / name)


@contextlib.contextmanager
def existing_folder(folder: pathlib.Path) -> Iterator[None]:
    """A context in which the folder exists; created folders that are still empty are removed at its end.

    Raises UserError if it cannot be created.
    """
    missing = []
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            break
        missing.append(place)
    try:
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with contextlib.suppress(OSError):  # stops at the first that is not empty
            for place in missing:
                place.rmdir()


def write_atomically(path: pathlib.Path, write: Callable) -> None:
    """Calls `write(binary file)`; afterwards `path` holds all of it, or its previous content.

    Raises UserError if it cannot be written.
    """
    with storing(path):
        new = AtomicFile(path)
        try:
            write(new.file)
            new.commit()
        finally:
            new.discard()


def open_for_tailing(path: str | os.PathLike) -> BinaryIO:
    """Opens, unbuffered, a file that others follow while it is written; an older one is replaced at once.

    Processes that have the older file open keep it. Raises OSError if the system refuses.
    """
    new = AtomicFile(path, buffering=0)
    try:
        new.move_into_place()
    except OSError as error:
        new.discard()
        if error.errno not in _NOT_REPLACED:
            raise
        return open(path, "wb", buffering=0)
    return new.file


class AtomicFile:
    """New content of a file, in a temporary file beside it until `commit`, `move_into_place` or `discard`.

    All methods but `discard` raise OSError if the system refuses.

    Args:
      path: the file to create or replace.
      buffering: as for `open`.
      named: if no such file exists, write under the final name from the start, so that the output of a
        killed process can be found.

    Attributes:
      file: the binary file to write to.
      replaces: whether an older file exists, which stays until the new one is complete.
    """

    def __init__(self, path: str | os.PathLike, buffering: int = -1, named: bool = False):
        self._target = os.path.realpath(path)
        there = _state(self._target)
        self._place = None  # where the content is until it has its final name; None for a device or pipe
        if there is not None and not stat.S_ISREG(there.st_mode):
            _check_special(there)
            self.file, self.replaces = open(self._target, "wb", buffering), False
            return
        self.replaces = there is not None
        self._place, self.file = self._opened(buffering, named and there is None)
        self._identity = os.fstat(self.file.fileno())
        if there is not None:
            with contextlib.suppress(OSError):
                os.chmod(self._place, stat.S_IMODE(there.st_mode))

    def move_into_place(self) -> None:
        """Replaces the older file: all that is written, also from now on, appears under the final name."""
        if self._place is not None:
            if self._place != self._target:
                os.replace(self._place, self._target)
            self._place = None

    def commit(self) -> None:
        """Completes the file: flushes it to disk, closes it and gives it its final name."""
        self.file.flush()
        if self._place is not None:
            os.fsync(self.file.fileno())
        self.file.close()
        place = self._place
        try:
            self.move_into_place()
        except OSError as error:
            if error.errno not in _NOT_REPLACED or place is None:
                raise
            with open(place, "rb") as written, open(self._target, "r+b") as file:
                shutil.copyfileobj(written, file)
                file.truncate()
            self.discard()

    def truncate(self, length: int) -> None:
        """Closes the file and keeps its first `length` bytes: the rest was not or only partly written."""
        number = os.dup(self.file.fileno())
        try:
            with contextlib.suppress(OSError):  # buffered data is part of the rest
                self.file.close()
            os.ftruncate(number, length)
        finally:
            os.close(number)

    def discard(self) -> None:
        """Closes and removes the new file; the older one stays. Does nothing after it has its final name."""
        with contextlib.suppress(OSError):
            self.file.close()
        if self._place is not None:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(self._place), self._identity):  # not another writer's file
                    os.unlink(self._place)
            self._place = None

    def _opened(self, buffering: int, named: bool) -> tuple[str, BinaryIO]:
        """The path of the new file, and the file."""
        while True:
            place = self._target if named else str(partial_path(pathlib.Path(self._target)))
            try:
                return place, open(place, "xb", buffering)
            except FileExistsError:
                self.replaces, named = self.replaces or named, False


def _state(target: str) -> os.stat_result | None:
    """The status of a file; None if there is none. Raises OSError for an impossible name."""
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _check_special(there: os.stat_result) -> None:
    """Raises OSError for anything but a pipe or a character device."""
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not (stat.S_ISCHR(there.st_mode) or stat.S_ISFIFO(there.st_mode)):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
