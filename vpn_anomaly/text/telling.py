"""Lines about the work: commands print them, functions of the library if they are asked to (`progress=True`)."""

import contextlib
import contextvars
import sys
from collections.abc import Iterator

from vpn_anomaly.text.printable_line import printable_line

_tells = contextvars.ContextVar("tells", default=True)


@contextlib.contextmanager
def telling(asked: bool) -> Iterator[None]:
    """A context in which lines are printed, or not. It holds for this thread alone."""
    before = _tells.set(asked)
    try:
        yield
    finally:
        _tells.reset(before)


def tells() -> bool:
    """Whether lines are printed here."""
    return _tells.get()


def tell(*lines: str) -> None:
    """Prints lines on standard output.

    They are flushed, so that in a log they precede anything written to standard error afterwards.
    """
    if tells():
        print(*map(printable_line, lines), sep="\n", flush=True)


def notice(line: str) -> None:
    """Prints a line on standard error."""
    if tells():
        print(printable_line(line), file=sys.stderr, flush=True)
