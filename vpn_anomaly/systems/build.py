"""From a configuration to a system: its row of the catalogue says what makes it."""

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.models.costs import StepSize
from vpn_anomaly.systems.system import System


def build_system(config) -> System:
    """The system that a configuration describes."""
    return system_named(config.system).builder()(config)


def step_size(config) -> StepSize:
    """What one training step of a configuration works on, over all devices."""
    data, train = config.data, config.train
    return StepSize(
        sequences=train.batch_size,
        frames=max(train.targets),
        targets=len(train.targets),
        height=data.height,
        width=data.width,
        loss_pixels=train.loss_pixels or data.height * data.width,
    )
