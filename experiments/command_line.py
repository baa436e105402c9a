"""The arguments of the programs here: an error is one line and exit code 2."""

import argparse
import functools
import pathlib
import sys
from collections.abc import Callable

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.text.failsafe_streams import failsafe_streams
from vpn_anomaly.text.printable_line import printable_line

RESULTS = pathlib.Path("experiments/results")


def entry_point(main: Callable[..., int]) -> Callable[..., int]:
    """Decorates what runs a command line and returns the exit code: a UserError is one line and 2.

    What is printed never ends the work (`failsafe_streams`).
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
    """Named after its module; described by the first line of the module's docstring."""

    def __init__(self, module: str, docstring: str):
        description = docstring.strip().splitlines()[0]
        super().__init__(prog=f"experiments.{module}", description=description, allow_abbrev=False)

    def error(self, message):
        self.exit(2, printable_line(f"error: {message}") + "\n")


def jobs(text: str) -> int:
    """The number of a --jobs flag, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs; give 1 or more")
    return int(text)


def file_path(text: str) -> pathlib.Path:
    """The file or folder of a flag, with ~ as a home folder."""
    try:
        return pathlib.Path(file_names.expanded(text))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
