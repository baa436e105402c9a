"""SIGTERM and Ctrl-C as a request to stop after the current step."""

import signal
import threading

from vpn_anomaly.distributed import group

TERMINATED, INTERRUPTED = 1, 2


class StopRequest:
    """A context manager under which both signals only set a flag; a second Ctrl-C acts as usual.

    Attributes:
        requested: whether a stop was requested, here.
        interrupted: whether the signal was Ctrl-C.
        on_request: called when a stop is requested, for example to end a wait.
    """

    def __init__(self):
        self.requested = self.interrupted = False
        self.on_request = lambda: None
        self._before, self._agreed = {}, 0

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def code(self) -> int:
        """Of the request here, greater for the one that counts of two: 0 none, TERMINATED, INTERRUPTED."""
        return INTERRUPTED if self.interrupted else TERMINATED if self.requested else 0

    def agree(self, code: int) -> None:
        """Takes in the greatest code of all processes."""
        self._agreed = max(self._agreed, code)

    @property
    def agreed(self) -> int:
        """The code that all processes know of: of a single one, its own."""
        return self.code if group.current().count == 1 else self._agreed

    def _on_signal(self, number, frame):
        self.requested = True
        if number == signal.SIGINT:
            self.interrupted = True
            signal.signal(signal.SIGINT, self._before[signal.SIGINT])
        self.on_request()
