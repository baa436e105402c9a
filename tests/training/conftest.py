"""A run that trains in seconds, for the tests of training."""

import pytest

from tests import tiny
from vpn_anomaly.training import run

FIELDS = {"train.steps": 6, "train.checkpoint_every": 2}


@pytest.fixture
def tiny_config():
    return tiny.tiny_config(FIELDS)


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory):
    """The folder of a run of `tiny_config` that nothing interrupted."""
    directory = tmp_path_factory.mktemp("unbroken")
    assert run.train(tiny.tiny_config(FIELDS), directory) > 0
    return directory
