"""File and folder names as users type them: expands ~ and ~user, refuses names that no file can have."""

import contextlib
import errno
import glob
import os
import re

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name_of_missing

LONGEST_CONTENT = ("x" * 150, "x" * 150)  # longer than any path that is created inside a folder
SHOWN = 60  # characters at the start of a name that is too long to print
REASONS = {
    errno.ENAMETOOLONG: "is too long: most systems allow 255 bytes a name and 4,095 a path",
    errno.ELOOP: "is a symbolic link to itself",
}


def expanded(name: str, before: str = "", folder: bool = False) -> str:
    """The name with a leading ~ or ~user replaced by that user's home folder; an address unmodified.

    Args:
      before: the prefix of the name in an error message, such as --workdir=.
      folder: whether it will hold files, so that there has to be room for their longer paths.

    Raises:
      UserError: there is no such home, or no file can have the name: it is too long, contains a NUL or
        characters that the system's file names cannot have.
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
        _check_possible(path, f"{before}{_shown(name)}", *(LONGEST_CONTENT if folder else ()))
    return path


def check_utf8(path: str, before: str = "") -> None:
    """Raises UserError for a path with bytes that are not UTF-8, where Orbax cannot write checkpoints."""
    with contextlib.suppress(FileNotFoundError):  # the current directory was removed
        path = os.path.abspath(path)
    try:
        path.encode()
    except UnicodeError as error:
        raise UserError(
            f"{before}{_shown(path)} has characters that are not valid UTF-8, with which no"
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
    """The name in one readable line; without its secrets if it is a mistyped address."""
    name = display_name_of_missing(name)
    name = name if name.isprintable() else repr(name)[1:-1]
    return name if len(name) <= 2 * SHOWN else f"{name[:SHOWN]}… ({len(name):,} characters)"
