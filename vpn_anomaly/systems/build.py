"""Builds systems from configs; the catalogue names the function that builds each system."""

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.models.costs import StepSize
from vpn_anomaly.systems.system import System


def build_system(config) -> System:
    """Builds the system from a config."""
    return system_named(config.system).builder()(config)


def step_size(config) -> StepSize:
    """The amount of data in one training step of a config, over all devices."""
    data, train = config.data, config.train
    return StepSize(
        sequences=train.batch_size,
        frames=max(train.targets),
        targets=len(train.targets),
        height=data.height,
        width=data.width,
        loss_pixels=train.loss_pixels or data.height * data.width,
    )
