"""Standard streams that may break: failing to print must not stop the program.

@failsafe_streams()
def main(): ...
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

DESCRIPTORS = {"stdout": 1, "stderr": 2}


@contextlib.contextmanager
def failsafe_streams() -> Iterator[None]:
    """A context, or decorator, in which printing never raises an error.

    Output that stdout or stderr cannot take (it is closed, its reader has exited, the disk is full) is
    dropped; a character that it cannot encode becomes a backslash escape. At the end sys.stdout and
    sys.stderr are restored, and no buffered output is left that could fail when the interpreter exits
    and change the exit code.
    """
    _open_descriptors()
    before = {name: getattr(sys, name) for name in DESCRIPTORS}
    with contextlib.ExitStack() as stack:
        for name, stream in before.items():
            if stream is None:  # it was closed when the interpreter started
                null = open(os.devnull, "w", encoding="utf-8", errors="replace")
                stream = stack.enter_context(null)
            setattr(sys, name, stream if isinstance(stream, FailsafeStream) else FailsafeStream(stream))
        try:
            yield
        finally:
            for name, stream in before.items():
                setattr(sys, name, stream)
                if stream is not None:
                    _settle(stream, DESCRIPTORS[name])


class FailsafeStream:
    """A text stream whose `write` and `flush` never fail; wraps another stream."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes as much of the text as possible; returns its length."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: the stream is closed
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal; false for a closed stream."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False


def _open_descriptors() -> None:
    """Points those of the descriptors 0, 1, 2 that are closed at the null device.

    Otherwise the next opened file gets that number, and what a C library or a child process prints to
    standard error ends up in a checkpoint.
    """
    for descriptor in (0, *DESCRIPTORS.values()):
        try:
            os.fstat(descriptor)
        except OSError:
            _point_at_null(descriptor)


def _settle(stream: TextIO, descriptor: int) -> None:
    """Flushes the stream; to the null device if it cannot be written."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            if stream.fileno() == descriptor:
                _point_at_null(descriptor)
                stream.flush()


def _point_at_null(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
    os.set_inheritable(descriptor, True)  # or child processes would start with it closed
