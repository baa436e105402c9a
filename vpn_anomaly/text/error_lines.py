"""What ends a command, told in one line on stderr, without what is secret in its arguments."""

import sys
import traceback
from collections.abc import Sequence

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name_of_missing, mask_secrets, replace_address
from vpn_anomaly.text.printable_line import printable_line

BAD_REQUEST, INTERRUPTED = 2, 130  # exit codes
LONGEST_REASON = 200  # characters of what an allocator says


def tell_error(error: BaseException, argv: Sequence[str]) -> int | None:
    """Tells the exception that is handled in one line; returns the exit code.

    With --debug its traceback stands above. None, and nothing is told, for an exception that is a
    mistake of the program.
    """
    if isinstance(error, KeyboardInterrupt):
        line, code = "interrupted", INTERRUPTED
    elif isinstance(error, UserError):
        line, code = f"error: {error}", BAD_REQUEST
    elif _is_of_memory(error):
        line, code = (
            f"error: there is not enough memory ({_first_line(error)}); give a smaller input or config,"
            " or use a machine with more",
            BAD_REQUEST,
        )
    else:
        return None
    if "--debug" in argv:
        _tell_traceback(argv)
    print(printable_line(_without_secrets(line, argv)), file=sys.stderr)
    return code


def _is_of_memory(error: BaseException) -> bool:
    """Whether memory was refused, by Python or by a device."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "none is left").splitlines()[0][:LONGEST_REASON]


def _tell_traceback(argv: Sequence[str]) -> None:
    """The traceback of the exception that is handled, indented: no line can pass for the program's."""
    lines = mask_secrets(traceback.format_exc(), _addresses(argv)).splitlines()
    print(*(f"  {printable_line(line)}" for line in lines), sep="\n", file=sys.stderr)


def _without_secrets(line: str, argv: Sequence[str]) -> str:
    """A line without what is secret in the addresses of the command line, should it repeat one."""
    for address in _addresses(argv):
        line = replace_address(line, address, display_name_of_missing(address))
    return line


def _addresses(argv: Sequence[str]) -> list[str]:
    """The arguments, of flags what stands behind =, that hold something secret."""
    values = [argument.partition("=")[2] if argument.startswith("-") else argument for argument in argv]
    return [value for value in values if display_name_of_missing(value) != value]
