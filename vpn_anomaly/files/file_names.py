"""Names of files and folders as users write them: ~ and ~user, and names that no file can have."""

import contextlib
import errno
import glob
import os
import re

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name_of_missing

ROOM = ("x" * 150, "x" * 150)  # what is longer than all that is made inside a folder
SHOWN = 60  # characters of a name that is too long
REASONS = {
    errno.ENAMETOOLONG: "is too long: most systems allow 255 bytes a name and 4,095 a path",
    errno.ELOOP: "is a symbolic link to itself",
}


def expanded(name: str, before: str = "", folder: bool = False) -> str:
    """The name with ~ or ~user in front as that user's home folder; an address as it is.

    Args:
      before: what stands before it in the line of an error, such as --workdir=.
      folder: it is to hold files of longer names, for which there has to be room.

    UserError: there is no such home, or no file can have the name: it is too long, has a NUL, or
    characters that the system's file names have not.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name):
        return name
    if "\0" in name:
        raise UserError(f"{before}{_shown(name)} has a NUL, which no file's name can have; give another")
    path = os.path.expanduser(name)
    if path.startswith("~"):
        whose = name.partition("/")[0]
        raise UserError(
            f"{before}{_shown(name)}: no home folder is known for {_shown(whose)}; set HOME or write the"
            f" whole path (a name that begins with ~ is written {_shown('./' + name)})"
        )
    if not glob.has_magic(path):  # a pattern may be longer than what it matches
        _check_possible(path, f"{before}{_shown(name)}", *(ROOM if folder else ()))
    return path


def check_utf8(path: str, before: str = "") -> None:
    """UserError for a path with bytes that are no UTF-8, in which Orbax writes no checkpoints."""
    with contextlib.suppress(FileNotFoundError):  # the folder that is worked in has gone
        path = os.path.abspath(path)
    try:
        path.encode()
    except UnicodeError as error:
        raise UserError(
            f"{before}{_shown(path)} has characters that are not read as UTF-8, with which no"
            " checkpoint can be written; give another, or set PYTHONUTF8=1"
        ) from error


def _check_possible(path: str, shown: str, *inside: str) -> None:
    try:
        os.lstat(os.path.join(os.path.abspath(path), *inside) if inside else path)
    except OSError as error:
        if error.errno in REASONS:
            raise UserError(f"{shown} {REASONS[error.errno]}; give another") from error
    except UnicodeError as error:
        raise UserError(
            f"{shown} has characters that file names here cannot have (set LC_ALL=C.UTF-8); give another"
        ) from error


def _shown(name: str) -> str:
    """The name in one line that can be read; of an address that was mistyped, without its secrets."""
    name = display_name_of_missing(name)
    name = name if name.isprintable() else repr(name)[1:-1]
    return name if len(name) <= 2 * SHOWN else f"{name[:SHOWN]}… ({len(name):,} characters)"
