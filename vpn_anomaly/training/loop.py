"""The training loop: batches in, checkpoints and logs out; it resumes where it stopped."""

import functools
import math
import pathlib
import time

import jax
import numpy as np

from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import check_length, training_batches
from vpn_anomaly.data.stateful_batches import segment_count, stateful_batches
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.trained_model import Trained, calibration
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.storage import checkpoints
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.delayed_metrics import DelayedMetrics, StepMetrics
from vpn_anomaly.training.initial_weights import start_params
from vpn_anomaly.training.log import TrainingLog
from vpn_anomaly.training.state import build_optimizer, learning_rate_schedule, new_state
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

HISTOGRAM_SEQUENCES = 64  # training sequences whose pixels start the output layer


def check(config) -> None:
    """UserError for what cannot be trained or evaluated here; called before anything is written."""
    build_optimizer(config.train)
    _check_devices(config.train.batch_size, data_mesh().size)
    source, wanted = build_source(config.data, config.score.max_gigabytes), config.evaluate
    check_length(source, "train", 1)
    check_length(source, "validation", wanted.calibration_sequences)
    check_length(source, "test", 2 * wanted.sequences)
    start_params(config)
    if config.train.carried:
        source.segments(config.seed, "train", np.zeros(1, int), 0, segment_count(source))


def train(config, directory: pathlib.Path) -> float | None:
    """Trains until `train.steps`, from the newest checkpoint in `directory` on.

    A run that is interrupted and started again ends bit-identical to one that was not. When
    training ends, the scores of normal validation sequences are stored beside the checkpoint.

    Returns:
        The seconds that training took, over all processes that did a part of it; None when SIGTERM
        stopped it before the end, the state saved.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when the state is saved.
        UserError: for a loss that is not finite, and for what the data or the disk refuse.
    """
    started = time.monotonic()
    source = build_source(config.data, config.score.max_gigabytes)
    system, mesh = build_system(config), data_mesh()
    optimizer = build_optimizer(config.train)
    clips = _first_clips(source, config.seed)
    fresh = functools.partial(new_state, system, optimizer, config.seed, carried=_carried(config, system))
    folder = directory / "checkpoints"
    stored = checkpoints.restore_latest(folder, jax.eval_shape(fresh, clips), {"wall_seconds": float})
    state, metadata = stored or (jax.jit(fresh)(clips, params=start_params(config)), {"wall_seconds": 0.0})
    state = jax.device_put(state, state_sharding(mesh))
    started -= metadata["wall_seconds"]
    run = _Run(config, directory, system, optimizer, mesh, started)
    with StopRequest() as stop:
        state = run.steps(source, state, stop)
    if stop.interrupted:
        raise KeyboardInterrupt
    if int(state.step) < config.train.steps:
        return None
    trained = Trained.in_run(directory, state.params, {"step": int(state.step)})
    calibration(config, trained, trained.scorer(config), source)
    return time.monotonic() - started


def _carried(config, system):
    """What the first batch of a training that carries its memory goes on from; else None."""
    if not config.train.carried:
        return None
    return system.carried(config.train.batch_size, config.data.height, config.data.width)


class _Run:
    """The steps of one process: they begin at the state's step and end at the last, or at a stop."""

    def __init__(self, config, directory, system, optimizer, mesh, started):
        self.config, self.directory, self.mesh = config, directory, mesh
        self.train_step = build_train_step(system, optimizer, mesh, config.seed)
        self.schedule = learning_rate_schedule(config.train)
        self.loss_unit, self.started = system.loss_unit, started

    def steps(self, source, state, stop):
        train, first_step = self.config.train, int(state.step)
        if first_step == train.steps:
            return state
        batches = self._batches(source, first_step)
        sharding = batch_sharding(self.mesh)
        with TrainingLog(self.directory, first_step, train.steps, self.loss_unit) as log:
            self.log, self.logged_always = log, {first_step + 1, train.steps}
            metrics = DelayedMetrics(self._check_and_log)
            for step in range(first_step + 1, train.steps + 1):
                batch = next(batches)
                on_devices = {
                    name: jax.make_array_from_process_local_data(sharding, array)
                    for name, array in batch.items()
                }
                state, launched = self.train_step(state, on_devices)
                metrics.launched(step, launched, batch["index"])
                stopping = stop.requested  # read once: a signal after this one waits for a step
                if stopping:
                    self.logged_always.add(step)
                if stopping or step == train.steps or step % train.checkpoint_every == 0:
                    metrics.flush()  # no state is stored after a loss that is not finite
                    self._save(step, state)
                if stopping:
                    break
        return state

    def _check_and_log(self, metrics: StepMetrics):
        self._check_finite(metrics)
        self.log.progress(metrics.step, metrics.values["loss"])
        if metrics.step in self.logged_always or metrics.step % self.config.train.log_every == 0:
            self.log.write(metrics.step, self._record(metrics))

    def _batches(self, source, first_step):
        arguments = (
            source,
            self.config.seed,
            self.config.train.batch_size,
            first_step,
            tuple(self.config.data.lattice),
            jax.process_index(),
            jax.process_count(),
        )
        if self.config.train.carried:
            return stateful_batches(*arguments)
        return training_batches(*arguments, self.config.data.backend)

    def _record(self, metrics: StepMetrics):
        rate = float(self.schedule(metrics.step - 1))
        return {**metrics.values, "learning_rate": rate, "seconds": round(self._seconds(), 3)}

    def _save(self, step, state):
        seen = step * self.config.train.batch_size
        metadata = {
            "config": configuration.as_dict(self.config),
            "data_position": seen,
            "sequences_seen": seen,
            "wall_seconds": self._seconds(),
        }
        checkpoints.save(self.directory / "checkpoints", step, state, metadata)

    def _seconds(self):
        return time.monotonic() - self.started

    def _check_finite(self, metrics: StepMetrics):
        if all(math.isfinite(value) for value in metrics.values.values()):
            return
        saved = checkpoints.saved_steps(self.directory / "checkpoints")
        good = f"the last good checkpoint is of step {saved[-1]}" if saved else "no checkpoint yet"
        values = ", ".join(f"{name} {value}" for name, value in metrics.values.items())
        raise UserError(
            f"training stopped at step {metrics.step}: {values} on sequences"
            f" {np.array2string(metrics.index_B, separator=',', threshold=8)}; {good};"
            " train anew with a lower train.learning_rate or train.clip_norm"
        )


def _check_devices(batch_size, devices):
    if batch_size % devices:
        raise UserError(f"train.batch_size={batch_size} over {devices} devices: set a multiple of {devices}")


def _first_clips(source, seed):
    length = source.length("train") or HISTOGRAM_SEQUENCES
    return source.clips(seed, "train", np.arange(min(length, HISTOGRAM_SEQUENCES)))
