"""Takes part in a group of processes: from the flags to a JAX that sees the devices of all."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence

from vpn_anomaly.distributed import group
from vpn_anomaly.distributed.lines import SILENCE, Lines
from vpn_anomaly.distributed.meeting_point import RETRY
from vpn_anomaly.distributed.processes import Processes
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.error_lines import BAD_REQUEST, without_secrets
from vpn_anomaly.text.printable_line import printable_line

SLACK = 30  # seconds by which JAX's own time-outs are longer: what they end, ends without a line
GRACE = 2.0  # seconds that an error of this process has to be told before that of another one is


class Ending:
    """Who tells why this process ends: once, whoever notices first. argv: whose secrets are not told."""

    def __init__(self, argv: Sequence[str]):
        self._told, self._stderr, self._argv = threading.Lock(), sys.stderr, argv

    def claim(self) -> None:
        """Called by the main thread before it tells an error; waits for the end if that is told already."""
        if not self._told.acquire(blocking=False):
            threading.Event().wait()

    def end(self, line: str) -> None:
        """Tells the line, and ends this process at once: a collective would wait for ever."""
        time.sleep(GRACE)
        self.claim()
        print(printable_line(without_secrets(f"error: {line}", self._argv)), file=self._stderr, flush=True)
        os._exit(BAD_REQUEST)


@contextlib.contextmanager
def taking_part(
    processes: Processes | None, about: Callable[[], Mapping[str, object]], argv: Sequence[str]
) -> Iterator[None]:
    """A context in which this process is one of the group; the processes after the first print nothing.

    Args:
        processes: None: it stays alone.
        about: tells what it is about to do, plain JSON: that of all has to agree.
        argv: the command line, whose secrets are not told.

    UserError, in all, where they do not meet. After an error in the context `leave_group` is to be called.
    """
    if processes is None:
        yield
        return
    ending = Ending(argv)
    member = _met(found(processes), about(), ending)
    group.join(member)
    try:
        with _quiet(member.index):
            yield
            group.exchanged("done", None)  # nobody leaves while another may still fail
        import jax

        jax.distributed.shutdown()
        member.leave()
    except BaseException as error:
        _wait_for_the_reason(error)
        ending.claim()
        member.leave(_in_words(error))
        raise
    group.join(group.Group())


def leave_group(code: int | None) -> None:
    """Ends this process after an error if it is one of a group: JAX would wait for the others at its exit.

    code: of the exit; None: a bug, whose traceback is printed.
    """
    if group.current().count == 1:
        return
    if code is None:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if code is None else code)


def _in_words(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__


def _wait_for_the_reason(error: BaseException) -> None:
    """Of a collective that breaks because a process is lost, the line about that process comes a moment later."""
    if isinstance(error, Exception) and not isinstance(error, UserError):
        time.sleep(SILENCE + GRACE)


def found(processes: Processes) -> Processes:
    """The processes with what JAX finds by itself."""
    if processes.coordinator is not None:
        return processes
    from jax._src import clusters

    try:
        coordinator, count, index, _ = clusters.ClusterEnv.auto_detect_unset_distributed_params(
            None, None, None, None, None, int(processes.timeout)
        )
    except Exception as error:  # of the network, of variables that are no numbers, …
        raise UserError(
            f"--distributed: JAX cannot find the processes: {error}; give --coordinator"
        ) from error
    if coordinator is None or count is None or index is None:
        raise UserError(
            "--distributed: JAX finds no TPU pod, SLURM or Open MPI here; give --coordinator=HOST:PORT"
            " --process_count=N --process_index=I"
        )
    return Processes(coordinator, count, index, processes.timeout)


def _met(processes: Processes, about: Mapping[str, object], ending: Ending) -> group.Member:
    """This process as a member, when all have come and JAX knows them."""
    assert processes.count is not None and processes.index is not None
    if processes.index == 0:
        _start_meeting_point(processes)
    lines, messages, port = _connected(processes, about)
    member = group.Member(lines, messages, processes.index, processes.count, ending.end)
    host = processes.address[0]
    _start_jax(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", processes)
    return member


def _start_meeting_point(processes: Processes) -> None:
    host, port = processes.address
    command = [sys.executable, "-m", "vpn_anomaly.distributed.meeting_point"]
    command += [host, str(port), str(processes.count), str(processes.timeout)]
    packages = str(pathlib.Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the others
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    if said != "listening":
        raise UserError(
            f"--coordinator={processes.coordinator}: process 0 cannot listen there"
            f" ({said.removeprefix('refused: ') or 'it cannot be started'}); give another port"
        )


def _connected(processes: Processes, about: Mapping[str, object]) -> tuple[Lines, Iterator[dict], int]:
    """The connection with the meeting point when all have come, its messages, and the port of JAX's service."""
    until = time.monotonic() + processes.timeout
    while True:
        lines = _call(processes, until)
        lines.beat()
        with contextlib.suppress(OSError):
            lines.send(hello=processes.index, about=dict(about))
        messages = iter(lines)
        answer = next(messages, {})
        if "port" in answer:
            return lines, messages, answer["port"]
        lines.close()
        if "refused" in answer:
            raise UserError(answer["refused"])
        if time.monotonic() > until:
            raise UserError(
                f"--coordinator={processes.coordinator}: others that met there have not left within"
                f" {processes.timeout:g} s; give another port"
            )
        time.sleep(RETRY)


def _call(processes: Processes, until: float) -> Lines:
    while True:
        try:
            return Lines(socket.create_connection(processes.address, timeout=SILENCE))
        except OSError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"--coordinator={processes.coordinator} does not answer within {processes.timeout:g} s"
                    f" ({error.strerror or error}); start process 0 there, or give a larger --coordinator_timeout"
                ) from error
            time.sleep(RETRY)


def _start_jax(coordinator: str, processes: Processes) -> None:
    """Connects JAX with its service, which runs in the process of the meeting point."""
    import jax
    from jax._src.lib import _jax

    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM from StopRequest
    elsewhere: Callable = lambda *args, **kwargs: types.SimpleNamespace(shutdown=lambda: None)
    start, _jax.get_distributed_runtime_service = _jax.get_distributed_runtime_service, elsewhere
    try:
        jax.distributed.initialize(
            coordinator,
            processes.count,
            processes.index,
            heartbeat_timeout_seconds=int(SILENCE),
            initialization_timeout=int(processes.timeout) + SLACK,
            shutdown_timeout_seconds=SLACK,
        )
    finally:
        _jax.get_distributed_runtime_service = start


@contextlib.contextmanager
def _quiet(index: int) -> Iterator[None]:
    """A context in which only the first process prints."""
    if index == 0:
        yield
        return
    with (
        open(os.devnull, "w", encoding="utf-8") as null,
        contextlib.redirect_stdout(null),
        contextlib.redirect_stderr(null),
    ):
        yield
