"""Standard streams that may go away: what a program tells must not end what it does.

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
    """A context, or decorator, in which nothing that is printed raises an error.

    What stdout or stderr cannot take, since it is closed, its reader has gone or its disk is full, is
    dropped; a character that it cannot show becomes a backslash and its number. At the end
    sys.stdout and sys.stderr are what they were, and nothing that waits to be written is left to fail
    when the interpreter ends, which would change the exit code.
    """
    _open_descriptors()
    before = {name: getattr(sys, name) for name in DESCRIPTORS}
    with contextlib.ExitStack() as stack:
        for name, stream in before.items():
            if stream is None:  # it was closed when the interpreter started
                nowhere = open(os.devnull, "w", encoding="utf-8", errors="replace")
                stream = stack.enter_context(nowhere)
            setattr(sys, name, stream if isinstance(stream, FailsafeStream) else FailsafeStream(stream))
        try:
            yield
        finally:
            for name, stream in before.items():
                setattr(sys, name, stream)
                if stream is not None:
                    _settle(stream, DESCRIPTORS[name])


class FailsafeStream:
    """A text stream whose `write` and `flush` never fail; all else is as with the stream inside."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes what can be written of it; returns its length."""
        with contextlib.suppress(OSError, ValueError):  # the latter of a stream that is closed
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
        """Whether a terminal shows it; a closed one does not."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False


def _open_descriptors() -> None:
    """Opens those of the descriptors 0, 1, 2 that are closed, on nothing.

    Else the next file that is opened gets the number, and what a library of C or a child prints on
    its standard error lands in a checkpoint.
    """
    for descriptor in (0, *DESCRIPTORS.values()):
        try:
            os.fstat(descriptor)
        except OSError:
            _point_at_nothing(descriptor)


def _settle(stream: TextIO, descriptor: int) -> None:
    """Has the stream write what it holds back; to nowhere, where it cannot."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            if stream.fileno() == descriptor:
                _point_at_nothing(descriptor)
                stream.flush()


def _point_at_nothing(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != descriptor:
        os.dup2(nothing, descriptor)
        os.close(nothing)
    os.set_inheritable(descriptor, True)  # or children would start with it closed
