"""A run that trains in seconds, for the tests of training."""

import pytest

from vpn_anomaly import config as configuration
from vpn_anomaly.training import loop
from vpn_anomaly.variants import vary

TINY = {
    "data.height": 32, "data.width": 32, "data.frames": 6, "data.backend": "numpy",
    "model.context": 3, "model.encoder.block": "relu", "model.encoder.channels": 4,
    "model.encoder.dilations": (1,), "model.lstm.channels": 4, "model.attention.kind": "none",
    "model.head.channels": 4, "model.head.blocks": 0, "model.head.pixel_channels": 4,
    "train.targets": (5,), "train.steps": 6, "train.checkpoint_every": 2,
    "model.unet.channels": (4, 6), "model.unet.hidden_blocks": (4, 12),
    "evaluate.calibration_sequences": 2, "evaluate.batch_size": 2, "evaluate.sequences": 4,
}


def made():
    config = vary(configuration.defaults(), "debug")
    config.update_from_flattened_dict(TINY)
    configuration.check(config)
    return config


@pytest.fixture
def tiny_config():
    return made()


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory):
    """The folder of a run of `tiny_config` that nothing interrupted."""
    directory = tmp_path_factory.mktemp("unbroken")
    assert loop.train(made(), directory) > 0
    return directory
