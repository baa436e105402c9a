"""Files that programs write: found writable before the work, and replaced in one piece after it.

A name that is a link stays one: what it stands for is written. A device or a pipe is written to as it
is. Every writer has a temporary file of its own, so that of two writers of one file one is there, whole.
"""

import contextlib
import errno
import io
import os
import pathlib
import shutil
import stat
from collections.abc import Callable, Iterator

from vpn_anomaly.errors import UserError
from vpn_anomaly.files.partial_files import partial_path

# What the system says of a file that may be written, but not replaced: it is mounted by itself, or lies
# in a folder where only its owner may.
_NOT_REPLACED = (errno.EPERM, errno.EACCES, errno.EBUSY)


@contextlib.contextmanager
def storing(path: str | os.PathLike) -> Iterator[None]:
    """Turns the operating system's refusal to write (full, read-only, ...) into a UserError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        line = f"cannot write {path}: {reason}; choose another place or make room"
        raise UserError(line) from error


def check_output(path: str | os.PathLike) -> None:
    """Raises UserError where no file of this name could be written later. Leaves all as it is."""
    with storing(path):
        target = os.path.realpath(path)
        there = _state(target)
        if there is None:  # only the name itself shows that it is allowed: not too long, no odd letters
            AtomicFile(path, named=True).discard()
        elif stat.S_ISREG(there.st_mode):
            os.close(os.open(target, os.O_WRONLY))
            AtomicFile(path).discard()
        else:
            _check_special(there)
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def check_outputs_in(folder: pathlib.Path, *names: str) -> None:
    """`check_output` of files in a folder, which need not be there: it could be made, but is not."""
    with existing_folder(folder):
        for name in names:
            check_output(folder / name)


@contextlib.contextmanager
def existing_folder(folder: pathlib.Path) -> Iterator[None]:
    """The folder is there; of it and those above, the ones that were made and are empty go at the end.

    Raises UserError where it cannot be made.
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
        with contextlib.suppress(OSError):  # the first that is not empty
            for place in missing:
                place.rmdir()


def write_atomically(path: pathlib.Path, write: Callable) -> None:
    """Calls `write(binary file)`, so that `path` holds all of it, or what it held before.

    Raises UserError where it cannot be written.
    """
    with storing(path):
        new = AtomicFile(path)
        try:
            write(new.file)
            new.commit()
        finally:
            new.discard()


def open_for_tailing(path: str | os.PathLike) -> io.RawIOBase:
    """Opens a file that others read while it is written, without a buffer; an older one is replaced now.

    Whoever reads or writes the older one keeps it. OSError where the system refuses.
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

    OSError where the system refuses, from all but `discard`.

    Args:
      path: what it replaces, if anything is there.
      buffering: that of `open`.
      named: if nothing is there, the name is taken at once, so that what a killed process wrote is found.

    Attributes:
      file: the binary file to write to.
      replaces: whether a file is there that stays until the new one is whole.
    """

    def __init__(self, path: str | os.PathLike, buffering: int = -1, named: bool = False):
        self._target = os.path.realpath(path)
        there = _state(self._target)
        self._place = None  # of the content, until it has its name for good; of a device or pipe: None
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
        """Replaces what is there: all that is written, from now on too, is seen under the name."""
        if self._place is not None:
            if self._place != self._target:
                os.replace(self._place, self._target)
            self._place = None

    def commit(self) -> None:
        """Completes the file: it has its name, all of it is on the disk, and it is closed."""
        self.file.flush()
        if self._place is not None:
            os.fsync(self.file.fileno())
        self.file.close()
        try:
            self.move_into_place()
        except OSError as error:
            if error.errno not in _NOT_REPLACED:
                raise
            with open(self._place, "rb") as written, open(self._target, "r+b") as file:
                shutil.copyfileobj(written, file)
                file.truncate()
            self.discard()

    def truncate(self, length: int) -> None:
        """Closes it with its first bytes: the rest could not be written, or not all of it."""
        number = os.dup(self.file.fileno())
        try:
            with contextlib.suppress(OSError):  # what a buffer still holds is part of the rest
                self.file.close()
            os.ftruncate(number, length)
        finally:
            os.close(number)

    def discard(self) -> None:
        """Closes and removes it: what was there before stays. Does nothing once it has its name."""
        with contextlib.suppress(OSError):
            self.file.close()
        if self._place is not None:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(self._place), self._identity):  # not that of another writer
                    os.unlink(self._place)
            self._place = None

    def _opened(self, buffering: int, named: bool) -> tuple:
        """The place of the new file and the file."""
        while True:
            place = self._target if named else str(partial_path(pathlib.Path(self._target)))
            try:
                return place, open(place, "xb", buffering)
            except FileExistsError:
                self.replaces, named = self.replaces or named, False


def _state(target: str) -> os.stat_result | None:
    """What the system says of a file; None: it is not there. OSError for a name that cannot be."""
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _check_special(there: os.stat_result) -> None:
    """OSError for what is no file, unless it is a pipe or a device that takes one byte after the other."""
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not (stat.S_ISCHR(there.st_mode) or stat.S_ISFIFO(there.st_mode)):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
