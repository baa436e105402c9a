"""Reports the error that ends a command in one line on stderr, without the secrets in its arguments."""

import sys
import traceback
from collections.abc import Sequence

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import (
    display_name_of_missing,
    display_name_of_webhook,
    mask_secrets,
    replace_address,
)
from vpn_anomaly.text.printable_line import printable_line

BAD_REQUEST, INTERRUPTED = 2, 130  # exit codes
LONGEST_REASON = 200  # characters of an allocator's message


def report_error(error: BaseException, argv: Sequence[str]) -> int | None:
    """Prints the exception being handled as one line; returns the exit code.

    With --debug its traceback is printed above. For an exception that is a bug of the program, prints
    nothing and returns None.
    """
    if isinstance(error, KeyboardInterrupt):
        line, code = "interrupted", INTERRUPTED
    elif isinstance(error, UserError):
        line, code = f"error: {error}", BAD_REQUEST
    elif _is_out_of_memory(error):
        line, code = (
            f"error: there is not enough memory ({_first_line(error)}); give a smaller input or config,"
            " or use a machine with more",
            BAD_REQUEST,
        )
    else:
        return None
    if "--debug" in argv:
        _print_traceback(argv)
    print(printable_line(without_secrets(line, argv)), file=sys.stderr)
    return code


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or a device ran out of memory."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "none is left").splitlines()[0][:LONGEST_REASON]


def _print_traceback(argv: Sequence[str]) -> None:
    """Prints the traceback, indented, so that none of its lines can pass for one of the program's."""
    lines = mask_secrets(without_secrets(traceback.format_exc(), argv), _names_shown(argv)).splitlines()
    print(*(f"  {printable_line(line)}" for line in lines), sep="\n", file=sys.stderr)


def without_secrets(line: str, argv: Sequence[str]) -> str:
    """The line with the display names of the command line's addresses in place of the addresses."""
    for address, name in _names_shown(argv).items():
        line = replace_address(line, address, name)
    return line


def _names_shown(argv: Sequence[str]) -> dict[str, str]:
    """The display names of those arguments, or values after the = of flags, that contain secrets."""
    names, flag = {}, ""
    for argument in argv:
        if argument.startswith("-"):
            flag, _, value = argument.partition("=")
        else:
            value = argument
        of_webhook = flag.lstrip("-") == "webhook"
        name = display_name_of_webhook(value) if of_webhook else display_name_of_missing(value)
        if value and name != value:
            names[value] = name
    return names
