"""Child processes that do not outlive their parent, at most one per folder.

On Linux the kernel kills a child when its parent ends for any reason (`PR_SET_PDEATHSIG`). On other
systems a child survives a parent that is killed. Therefore a child also holds a lock on a file beside its
folder for its whole lifetime, so that no second process can start in that folder.
"""

import ctypes
import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.storage import workdir_lock

PATIENCE = 10.0  # seconds to wait for a process that is being killed to release its folder
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def start(command: Sequence[str], folder: pathlib.Path, log: pathlib.Path) -> subprocess.Popen:
    """Starts a command that works in `folder`, appending its output to `log`.

    Call it from the main thread: the kernel kills the child when the calling thread ends. The child
    runs in its own process group, so that Ctrl-C reaches only the parent.

    Raises:
        UserError: the folder is in use, a file cannot be written, or the command cannot be started.
    """
    with output_files.storing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(lock, folder)
        with output_files.storing(log):
            output = log.open("ab")
        with output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                process_group=0,
                preexec_fn=kill_with_parent(os.getpid()),
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(f"cannot start {command[0]}: {error}") from error
    finally:
        os.close(lock)  # the child has inherited a copy, which keeps the lock


def describe_exit(process: subprocess.Popen) -> str:
    """The exit code or the name of the signal, in words."""
    code = process.returncode
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")


def _acquire(lock: int, folder: pathlib.Path) -> None:
    """Locks the file. UserError if another process still holds the lock after PATIENCE seconds."""
    last = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > last:
                who = workdir_lock.holder(folder)
                raise UserError(
                    f"another process is at work in {folder}{who}; wait for it, or end it, and start again"
                ) from error
        time.sleep(0.05)


def kill_with_parent(parent: int) -> Callable[[], None] | None:
    """A function for a new process to call first, so that the kernel kills it when its parent ends.

    None on systems other than Linux.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork: few calls are safe between fork and exec
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the call
            os._exit(1)

    return ask_the_kernel
