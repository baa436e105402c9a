"""How tests compile, and a tiny trained run that several rooms share."""

import os

import pytest

from tests import compilation_cache

# Tiny programs take longer to compile than to run: LLVM optimises nothing. Read when the first one is
# compiled, here and in the processes that tests start.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}"
compilation_cache.turn_on()


def pytest_configure():
    if "PYTEST_XDIST_WORKER" not in os.environ:  # before any worker starts
        compilation_cache.discard_torn_entries()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """config, source, system, random params, and the directory of a run that has them saved."""
    from tests import tiny  # here, after the settings above
    from vpn_anomaly.data.build import build_source

    run = tiny.stored_run(tmp_path_factory.mktemp("run"), tiny.tiny_config())
    run.source = build_source(run.config.data)
    return run
