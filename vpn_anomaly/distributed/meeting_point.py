"""The process in which the others meet, started by the first of them:

    python -m vpn_anomaly.distributed.meeting_point HOST PORT COUNT SECONDS

It runs JAX's coordination service, and tells each process what became of the others. It is a process of its own
since JAX aborts everyone as soon as its service is gone: so the death of the first process is no more than that of
any other, and all can say so in a line. It ends when all have left.

Every process says hello, with its index and what it is about to do. When all are there, and about to do the same,
they are told the port of JAX's service. From then on the values that they exchange are collected and handed to
all, and who fails, or leaves without a word, is named to the others.
"""

import collections
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping

from vpn_anomaly.distributed.difference import first_difference
from vpn_anomaly.distributed.lines import SILENCE, Lines

LOOPBACK = ("localhost", "127.0.0.1", "::1")
RETRY = 0.2  # seconds


class MeetingPoint:
    """What has been said by whom.

    Args:
        count: processes that are expected.
        seconds: within which all have to come.
        start: starts JAX's service, when all are there; returns its port.
        end: called when all have left, or when they do not come.
    """

    def __init__(self, count: int, seconds: float, start: Callable[[], int], end: Callable[[], None]):
        self._count, self._seconds, self._start, self._end = count, seconds, start, end
        self._lock = threading.RLock()
        self._members: dict[int, Lines] = {}
        self._about: dict[int, Mapping] = {}
        self._values: dict[int, dict[int, object]] = collections.defaultdict(dict)
        self._met = self._over = False
        timer = threading.Timer(seconds, self._refuse_late)
        timer.daemon = True
        timer.start()

    def serve(self, lines: Lines) -> None:
        """Listens to one process until it leaves; to be called in a thread of its own."""
        messages = iter(lines)
        hello = next(messages, {})
        if "hello" not in hello:
            lines.close()
            return
        index = hello["hello"]
        if not self._admitted(index, hello["about"], lines):
            lines.close()
            return
        said_goodbye = False
        for message in messages:
            if "exchange" in message:
                self._collect(message["exchange"], index, message["value"])
            elif "failed" in message:
                self._tell({"failed": index, "line": message["failed"]}, but=index)
            said_goodbye = said_goodbye or "failed" in message or "goodbye" in message
        with self._lock:
            del self._members[index]
            if not said_goodbye:
                self._tell({"lost": index})
            if not self._members:
                self._end()

    def _admitted(self, index: int, about: Mapping, lines: Lines) -> bool:
        """Whether a process belongs to those that meet here; it is told why not."""
        with self._lock, contextlib.suppress(OSError):
            if self._met or self._over:  # those before it have not all left yet
                lines.send(later=True)
                return False
            if index >= self._count:
                lines.send(refused=f"process 0 expects {self._count} processes: there is no index {index}")
                return False
            if index in self._members:
                lines.send(refused=f"two processes have index {index}; give each its own --process_index")
                return False
            self._members[index], self._about[index] = lines, about
            lines.beat()
            if len(self._members) == self._count:
                self._meet()
            return True
        return False

    def _meet(self) -> None:
        difference = first_difference(self._about)
        if difference:
            same = "start all with one command line, one version of the package and one environment"
            self._tell({"refused": f"{difference}; {same}"})
            self._over = True
            return
        self._met = True
        self._tell({"port": self._start()})

    def _refuse_late(self) -> None:
        with self._lock:
            if self._met or self._over:
                return
            self._over = True
            missing = [str(index) for index in range(self._count) if index not in self._members]
            self._tell(
                {
                    "refused": f"of {self._count} processes, {', '.join(missing)} did not come within"
                    f" {self._seconds:g} s; start all of them, or give a larger --coordinator_timeout"
                }
            )
            if not self._members:
                self._end()

    def _collect(self, number: int, index: int, value: object) -> None:
        with self._lock:
            values = self._values[number]
            values[index] = value
            if len(values) == self._count:
                del self._values[number]
                in_order = [values[one] for one in range(self._count)]
                self._tell({"exchange": number, "values": in_order})

    def _tell(self, message: Mapping, but: int | None = None) -> None:
        """Sends a message to all that are here."""
        with self._lock:
            for index, lines in self._members.items():
                if index != but:
                    with contextlib.suppress(OSError):  # its own thread notices
                        lines.send(**message)


def listening(host: str, port: int, seconds: float) -> socket.socket:
    """A socket that listens there; waits for the port while another holds it. OSError after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        try:
            if host in LOOPBACK:
                return socket.create_server((host, port))
            if socket.has_dualstack_ipv6():
                return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
            return socket.create_server(("", port))
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(RETRY)


def start_service(count: int) -> tuple[object, int]:
    """JAX's coordination service at a free port, and that port."""
    from jax._src.lib import _jax

    with socket.create_server(("", 0)) as probe:
        port = probe.getsockname()[1]
    timeouts = {"heartbeat_timeout": int(SILENCE), "shutdown_timeout": int(SILENCE)}
    return _jax.get_distributed_runtime_service(f"[::]:{port}", count, **timeouts), port


def main(host: str, port: int, count: int, seconds: float) -> None:
    """Prints a line when others can connect; ends the process when all have left."""
    try:
        server = listening(host, port, seconds)
    except OSError as error:
        print(f"refused: {error.strerror or error}", flush=True)
        return
    kept = []

    def start() -> int:
        service, free_port = start_service(count)
        kept.append(service)
        return free_port

    point = MeetingPoint(count, seconds, start, end=lambda: os._exit(0))
    print("listening", flush=True)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=point.serve, args=(Lines(connection),), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
