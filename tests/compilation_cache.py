"""Compiled programs, kept in a folder of the checkout for the next run of the tests.

Nearly all of the tests' time is spent on compiling tiny programs. The folder serves the processes
that tests start as well.
"""

import hashlib
import os
import pathlib
import platform

ROOT = pathlib.Path(__file__).resolve().parents[1]
GIGABYTES = 4
# The environment of a process that is going to be killed: an entry that it leaves half written has
# no time of use, and all later writes of others fail on that.
READ_ONLY = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1e9"}


def processor() -> str:
    """What tells this kind of processor from others, for which the entries are no programs."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        said = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        said = [platform.processor()]
    return hashlib.sha256("\n".join([platform.machine(), *said]).encode()).hexdigest()[:12]


FOLDER = ROOT / ".jax_cache" / processor()


def turn_on() -> None:
    """For this process and those that it starts; before the first program is compiled."""
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": str(FOLDER),
        # With a limit, JAX locks the folder while it reads or writes there.
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(GIGABYTES << 30),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def discard_torn_entries() -> None:
    """Removes what was being written when a run of the tests was killed."""
    for entry in FOLDER.glob("*-cache"):
        if not entry.with_name(f"{entry.name.removesuffix('-cache')}-atime").exists():
            entry.unlink(missing_ok=True)
