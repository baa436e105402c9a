"""A tiny run that was exported by the command."""

import types

import pytest

from tests import tiny
from vpn_anomaly.main import main


@pytest.fixture(scope="session")
def exported(tiny_run, tmp_path_factory):
    """flags of the run, and the folder of its export."""
    folder = tmp_path_factory.mktemp("export")
    tiny.config_file(folder / "tiny.py", tiny_run.config)
    flags = [f"--config={folder}/tiny.py", f"--workdir={tiny_run.directory}"]
    assert main([*flags, "--mode=export", f"--output={folder}/out"]) == 0
    return types.SimpleNamespace(flags=flags, folder=folder / "out")
