"""One process of a user's at a time, on this computer."""

import contextlib
import getpass
import pathlib
import tempfile
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # a platform without it has no lock
    fcntl = None  # type: ignore[assignment]  # mypy has no optional modules


@contextlib.contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """A context in which this user's other processes on this computer wait to enter it. what: a file name."""
    path = pathlib.Path(tempfile.gettempdir()) / f"vpn_anomaly-{getpass.getuser()}-{what}.lock"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # without a lock, where none can be had
            file = stack.enter_context(path.open("w"))
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
