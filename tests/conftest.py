"""How tests compile."""

import os

from tests import compilation_cache

# Tiny programs take longer to compile than to run: LLVM optimises nothing. Read when the first one is
# compiled, here and in the processes that tests start.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}"
compilation_cache.turn_on()


def pytest_configure():
    if "PYTEST_XDIST_WORKER" not in os.environ:  # before any worker starts
        compilation_cache.discard_torn_entries()
