"""What one training step of a configuration's system costs."""

from vpn_anomaly.models.costs import Row, StepSize
from vpn_anomaly.systems.system import System


def step_costs(config, system: System) -> list[Row]:
    """The costs of one training step over all devices, part by part."""
    data, train = config.data, config.train
    step = StepSize(
        sequences=train.batch_size,
        frames=max(train.targets),
        targets=len(train.targets),
        height=data.height,
        width=data.width,
        loss_pixels=train.loss_pixels or data.height * data.width,
    )
    return system.costs(step)
