"""Command lines of the programs in this folder: flags, and one-line errors with exit code 2."""

import argparse
import functools
import pathlib
import sys
from collections.abc import Callable, Collection

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.text.failsafe_streams import failsafe_streams
from vpn_anomaly.text.printable_line import printable_line

RESULTS = pathlib.Path("experiments/results")
PAPER_TABLE = pathlib.Path("experiments/definitions/paper_table.py")  # the default sweep


def entry_point(main: Callable[..., int]) -> Callable[..., int]:
    """Decorates a main function: a UserError is printed in one line, with exit code 2.

    A closed or broken output stream does not stop the program (`failsafe_streams`).
    """

    @functools.wraps(main)
    @failsafe_streams()
    def run(*arguments, **more) -> int:
        try:
            return main(*arguments, **more)
        except UserError as error:
            print(printable_line(f"error: {error}"), file=sys.stderr)
            return 2

    return run


class Parser(argparse.ArgumentParser):
    """A parser for the program in a module, described by the first line of its docstring."""

    def __init__(self, module: str, docstring: str):
        description = docstring.strip().splitlines()[0]
        super().__init__(prog=f"experiments.{module}", description=description, allow_abbrev=False)

    def error(self, message):
        self.exit(2, printable_line(f"error: {message}") + "\n")


def jobs(text: str) -> int:
    """The value of a --jobs flag: a number of concurrent runs, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs; give 1 or more")
    return int(text)


def file_path(text: str) -> pathlib.Path:
    """The file or folder that a flag names, with ~ expanded."""
    try:
        return pathlib.Path(file_names.expanded(text))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def names_in(text: str, allowed: Collection[str], flag: str, kind: str) -> list[str]:
    """The comma-separated names of a flag, in the given order.

    Args:
        allowed: all names of this kind.
        flag, kind: for the error message, such as "--only" and "row".

    Raises:
        UserError: a name is not allowed.
    """
    names = text.split(",")
    for name in names:
        if name not in allowed:
            raise UserError(
                f"{flag}={text}: there is no {kind} {name!r}; the {kind}s are: {', '.join(allowed)}"
            )
    return names
