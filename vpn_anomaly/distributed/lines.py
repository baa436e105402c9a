"""Messages between the processes and their meeting point: one JSON object a line, over TCP."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

BEAT = 1.0  # seconds between two signs of life
SILENCE = 15.0  # seconds without one after which the other side counts as lost


def _plain(value) -> object:
    """A number or an array of numpy, for JSON."""
    return value.tolist()


class Lines:
    """One end of a connection; `send` may be called by several threads."""

    def __init__(self, connection: socket.socket):
        connection.settimeout(SILENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection, self._sending = connection, threading.Lock()
        self._closed = threading.Event()

    def send(self, **message) -> None:
        """OSError if the other side takes nothing any more."""
        line = json.dumps(message, default=_plain).encode() + b"\n"
        with self._sending:
            self._connection.sendall(line)

    def beat(self) -> None:
        """Sends signs of life until the connection ends, in a thread of its own."""
        threading.Thread(target=self._beat, daemon=True).start()

    def __iter__(self) -> Iterator[dict]:
        """The messages of the other side, until it closes the connection or is silent for too long."""
        try:
            with self._connection.makefile("rb") as file:
                for line in file:
                    message = json.loads(line)
                    if message:  # an empty one is a sign of life
                        yield message
        except (OSError, ValueError):  # ValueError: half a line, or no line of ours
            return

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):  # the other side was faster
            self._connection.shutdown(socket.SHUT_RDWR)  # `close` alone would wait for who reads
        self._connection.close()

    def _beat(self) -> None:
        try:
            while not self._closed.wait(BEAT):
                self.send()
        except OSError:
            return  # whoever reads notices, too
