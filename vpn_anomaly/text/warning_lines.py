"""The package's warnings as lines on stderr."""

import contextlib
import logging
import sys
from collections.abc import Iterator

from vpn_anomaly.text.printable_line import printable_line


@contextlib.contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Prints each warning of the package's loggers once, as one line.

    They do not reach the root logger, which libraries configure.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("warning: %(message)s"))
    handler.setLevel(logging.WARNING)
    seen: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        known = record.getMessage() in seen
        seen.add(record.getMessage())
        return not known

    handler.addFilter(is_new)
    logger = logging.getLogger("vpn_anomaly")
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable_line(super().format(record))
