"""Processes that do not outlive the program that started them, and never two in one folder.

On Linux the kernel kills a child when its parent ends, however that ends (`PR_SET_PDEATHSIG`).
Elsewhere a child whose parent was killed goes on. So a child also holds a lock on a file beside its
folder for as long as it lives: nothing can be started there a second time before it ends.
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
from vpn_anomaly.storage import workdir, workdir_lock

PATIENCE = 10.0  # seconds for a process that is just being killed to leave a folder
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def start(command: Sequence[str], folder: pathlib.Path, log: pathlib.Path) -> subprocess.Popen:
    """Starts a command that works in `folder`; what it prints is appended to `log`.

    To be called from the main thread: the kernel takes a thread's end for that of the parent.
    The child has a process group of its own, so that Ctrl-C reaches the parent alone.

    Raises UserError where the folder is in use, or nothing can be written or started.
    """
    with workdir.storing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(lock, folder)
        with workdir.storing(log):
            output = log.open("ab")
        with output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                process_group=0,
                preexec_fn=dies_with(os.getpid()),
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(f"cannot start {command[0]}: {error}") from error
    finally:
        os.close(lock)  # the child has a copy: the lock lasts until that is closed as well


def how_it_ended(process: subprocess.Popen) -> str:
    """The exit code, or the signal's name, in words."""
    code = process.returncode
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")


def _acquire(lock: int, folder: pathlib.Path) -> None:
    """Locks the file; UserError when another process keeps it for longer than a kill takes."""
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


def dies_with(parent: int) -> Callable[[], None] | None:
    """What a new process does first, so that the kernel kills it with its parent; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded here: little is safe between fork and exec
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel knew
            os._exit(1)

    return ask_the_kernel
