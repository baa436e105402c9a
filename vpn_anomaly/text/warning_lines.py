"""What the package warns of: lines on stderr."""

import contextlib
import logging
import sys
from collections.abc import Iterator

from vpn_anomaly.text.printable_line import printable_line


@contextlib.contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Shows each warning of the package's loggers as one line, and once.

    The root logger, which libraries set up, does not get them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("warning: %(message)s"))
    handler.setLevel(logging.WARNING)
    told = set()
    handler.addFilter(lambda record: not (record.getMessage() in told or told.add(record.getMessage())))
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
