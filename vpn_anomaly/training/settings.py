"""What the training loop takes from a config."""

import dataclasses

from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How a training goes.

    Attributes:
        seed: of the weights, the sequences and the masks.
        steps: when training ends.
        batch_size: sequences in a batch, over all devices.
        log_every, checkpoint_every: steps between two lines of the log, and two checkpoints.
        lattice: rows and columns between the pixels that a mask shows.
        carried: whether half of the sequences continue those of the batch before, and the memory
            with them.
        backend: what makes batches: tensorflow, numpy, or auto.
        skipped: share of the sequences that skip frames, and have to surprise the system.
        report_every: steps between two reports of how it goes; 0: none.
        microbatches: parts in which each device takes its sequences of a batch, one after the other.
    """

    seed: int
    steps: int
    batch_size: int
    log_every: int
    checkpoint_every: int
    lattice: tuple[int, int]
    carried: bool
    backend: str
    skipped: float = 0.0
    report_every: int = 0
    microbatches: int = 1


def build_settings(config) -> TrainingSettings:
    """The settings that a config describes."""
    data, train = config.data, config.train
    return TrainingSettings(
        seed=config.seed,
        steps=train.steps,
        batch_size=train.batch_size,
        log_every=train.log_every,
        checkpoint_every=train.checkpoint_every,
        lattice=tuple(data.lattice),
        carried=train.carried,
        backend=data.backend,
        skipped=train.skipped,
        report_every=train.report_every,
        microbatches=train.microbatches,
    )


def check_divides(settings: TrainingSettings, devices: int) -> None:
    """UserError if a batch does not divide evenly over so many devices, and there into microbatches."""
    batch, parts = settings.batch_size, settings.microbatches
    if batch % (devices * parts):
        over = f"train.batch_size={batch} over {devices} device{'s' * (devices > 1)}"
        if parts == 1:
            raise UserError(f"{over}: set a multiple of {devices}")
        raise UserError(f"{over} in train.microbatches={parts} each: set a multiple of {devices * parts}")
