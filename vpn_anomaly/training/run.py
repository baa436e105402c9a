"""A training run, built from its config: what it begins with, its loop, and the calibration after it."""

import functools
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from vpn_anomaly import config as configuration
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import check_length, training_batches
from vpn_anomaly.data.skipped_frames import check_skipping
from vpn_anomaly.data.stateful_batches import segment_count, stateful_batches
from vpn_anomaly.distributed import group
from vpn_anomaly.scoring.clip_calibration import clip_calibration
from vpn_anomaly.scoring.normal_footage import build_normal_footage, check_footage
from vpn_anomaly.scoring.trained_model import TrainedModel, abstract_params
from vpn_anomaly.stop_request import INTERRUPTED, StopRequest
from vpn_anomaly.storage import checkpoints, named_arrays
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.fit import check_fit, fit
from vpn_anomaly.training.initial_weights import initial_params
from vpn_anomaly.training.loop import TrainingLoop
from vpn_anomaly.training.optimizer import build_optimizer, build_schedule
from vpn_anomaly.training.settings import TrainingSettings, build_settings, check_divides
from vpn_anomaly.training.snapshot import Snapshot
from vpn_anomaly.training.state import new_state
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

HISTOGRAM_SEQUENCES = 64  # training sequences whose pixels start the output layer


def check(config, every: int = 1) -> None:
    """UserError for what cannot be trained or evaluated here; called before anything is written.

    every: of how many frames of a stream the model looks at one.
    """
    if system_named(config.system).fits:
        check_fit(config, every)
        return
    build_optimizer(config.train)
    check_divides(build_settings(config), data_mesh().size)
    source, wanted = build_source(config.data, config.score.max_gigabytes), config.evaluate
    check_length(source, "train", 1)
    check_length(source, "validation", wanted.calibration_sequences)
    check_length(source, "test", wanted.first_sequence + 2 * wanted.sequences)
    if config.data.source != "sequences" and system_named(config.system).streams:
        check_footage(build_normal_footage(config), build_system(config).first_frame, every)
    _initial_params(config)
    if config.train.carried:
        source.segments(config.seed, "train", np.zeros(1, int), 0, segment_count(source))
    if config.train.skipped:
        check_skipping(source, config.seed)


def train(
    config, directory: pathlib.Path, report: Callable[[Any, Snapshot], None] | None = None
) -> float | None:
    """Trains until `train.steps`, from the newest checkpoint in `directory` on.

    A run that is interrupted and started again ends bit-identical to one that was not. When
    training ends, the scores of normal validation sequences are stored beside the checkpoint.

    report: called with the source of the sequences and a snapshot, see `TrainingLoop.report`; not for a
    system that is fitted, which has no steps.

    Returns:
        The seconds that training took, over all processes that did a part of it; None when SIGTERM
        stopped it before the end, the state saved.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when the state is saved.
        UserError: for a loss that is not finite, and for what the data or the disk refuse.
    """
    if system_named(config.system).fits:
        return fit(config, directory)
    started = time.monotonic()
    settings = build_settings(config)
    source = build_source(config.data, config.score.max_gigabytes)
    system, mesh, optimizer = build_system(config), data_mesh(), build_optimizer(config.train)
    carried = None
    if settings.carried:
        carried = system.initial_carried(settings.batch_size, config.data.height, config.data.width)
    fresh = functools.partial(new_state, system, optimizer, settings.seed, carried=carried)
    clips = _first_clips(source, settings.seed)
    folder = directory / "checkpoints"
    stored = checkpoints.restore_latest(folder, jax.eval_shape(fresh, clips), {"wall_seconds": float})
    group.check_same({"the newest checkpoint": None if stored is None else stored[1]["step"]})
    state, metadata = stored or (
        jax.jit(fresh)(clips, params=_initial_params(config)),
        {"wall_seconds": 0.0},
    )
    state = named_arrays.on_mesh(state, state_sharding(mesh))
    loop = TrainingLoop(
        settings,
        build_train_step(system, optimizer, mesh, settings.seed, settings.microbatches),
        batch_sharding(mesh),
        build_schedule(config.train),
        system.loss_unit,
        directory,
        configuration.as_dict(config),
        started - metadata["wall_seconds"],
        None if report is None else functools.partial(report, source),
    )
    with StopRequest() as stop:
        state = loop.run(state, _batches(source, settings, int(state.step)), stop)
    stop.agree(max(group.exchanged("stop", stop.code)))
    if stop.agreed == INTERRUPTED:
        raise KeyboardInterrupt
    if int(state.step) < settings.steps:
        return None
    trained = TrainedModel.in_run(directory, state.params, {"step": int(state.step)})
    clip_calibration(trained, trained.scorer(config), source, config.evaluate.calibration_sequences)
    return loop.seconds()


def _initial_params(config):
    return initial_params(config.train.start_from, abstract_params(config))


def _batches(source, settings: TrainingSettings, first_step: int) -> Iterator[dict[str, np.ndarray]]:
    """This process's part of every batch from `first_step` on."""
    arguments = (
        source,
        settings.seed,
        settings.batch_size,
        first_step,
        settings.lattice,
        jax.process_index(),
        jax.process_count(),
    )
    if settings.carried:
        return stateful_batches(*arguments, skipped=settings.skipped)
    return training_batches(*arguments, settings.backend, skipped=settings.skipped)


def _first_clips(source, seed):
    length = source.length("train") or HISTOGRAM_SEQUENCES
    return source.clips(seed, "train", np.arange(min(length, HISTOGRAM_SEQUENCES)))
