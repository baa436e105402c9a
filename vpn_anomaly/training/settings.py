"""What the training loop takes from a config."""

import dataclasses


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
    )
