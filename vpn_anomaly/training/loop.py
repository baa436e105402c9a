"""The training loop: batches in, checkpoints, a log and reports of how it goes out."""

import dataclasses
import functools
import math
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping

import jax
import numpy as np
import optax
from jax.sharding import Sharding

from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.storage import checkpoints
from vpn_anomaly.training.delayed_metrics import DelayedMetrics, StepMetrics
from vpn_anomaly.training.log import TrainingLog
from vpn_anomaly.training.settings import TrainingSettings
from vpn_anomaly.training.snapshot import Snapshot
from vpn_anomaly.training.state import TrainState
from vpn_anomaly.training.step import STOP


@dataclasses.dataclass(frozen=True)
class TrainingLoop:
    """The steps of one process: they begin at the state's step and end at the last, or at a stop.

    Attributes:
        settings: how many steps, and how often the log, checkpoints and reports are written.
        train_step: (state, batch) -> (state, metrics), compiled.
        sharding: how the devices share a batch.
        schedule: the learning rate by step, for the log.
        loss_unit: of the loss, for the log.
        directory: of the run, for the log and DIR/checkpoints.
        stored_config: what a checkpoint says of its config, as plain JSON.
        started: when the run would have started without interruptions, by `time.monotonic`.
        report: called with a snapshot after the first step of the process, every `settings.report_every` steps,
            and the last; not when training is stopped. Of several processes the first one calls it, and the
            others wait. None: nothing is.
    """

    settings: TrainingSettings
    train_step: Callable
    sharding: Sharding
    schedule: optax.Schedule
    loss_unit: str
    directory: pathlib.Path
    stored_config: Mapping
    started: float
    report: Callable[[Snapshot], None] | None = None

    def run(
        self, state: TrainState, batches: Iterator[dict[str, np.ndarray]], stop: StopRequest
    ) -> TrainState:
        """The state after the last step, or after the one that was running when a stop was requested.

        It is stored. Metrics are read one step late, so that the devices need not wait for them; but
        those of a state that is stored are read before. Several processes tell each other of a stop through the
        metrics, and all stop after the same step.

        UserError for a loss that is not finite, and where the disk refuses.
        """
        first_step, steps = int(state.step), self.settings.steps
        if first_step == steps:
            return state
        logged = {first_step + 1, steps}  # whatever log_every says
        with TrainingLog(self.directory, first_step, steps, self.loss_unit) as log:
            metrics = DelayedMetrics(lambda read: self._take_in(read, log, logged, stop))
            for step in range(first_step + 1, steps + 1):
                batch = next(batches)
                state, launched = self.train_step(state, self._on_devices(batch | self._asked(batch, stop)))
                metrics.launched(step, launched, batch["index"])
                stopping = stop.agreed  # read once: a signal after this one waits for a step
                if stopping:
                    logged.add(step)
                if stopping or step == steps or step % self.settings.checkpoint_every == 0:
                    metrics.flush()
                    self._save(step, state)
                if stopping:
                    break
                if self.report is not None and self._is_reported(step, first_step):
                    metrics.flush()
                    snapshot = Snapshot(step, state.params, self.seconds(), log.seconds_left)
                    group.by_first(functools.partial(self.report, snapshot))
                    if step == first_step + 1:  # to report for the first time, programs were compiled
                        log.measure_anew()
        return state

    def seconds(self) -> float:
        """The seconds that training has taken, over all processes that did a part of it."""
        return time.monotonic() - self.started

    def _on_devices(self, batch):
        return {
            name: jax.make_array_from_process_local_data(self.sharding, array)
            for name, array in batch.items()
        }

    def _asked(self, batch, stop: StopRequest) -> dict[str, np.ndarray]:
        """What tells the other processes of a stop that this one is asked for; nothing where there are none."""
        if group.current().count == 1:
            return {}
        return {STOP: np.full(batch["index"].shape, stop.code, np.int32)}

    def _take_in(self, metrics: StepMetrics, log: TrainingLog, logged: set[int], stop: StopRequest):
        if STOP in metrics.values:
            stop.agree(int(metrics.values.pop(STOP)))
        self._check_finite(metrics)
        log.progress(metrics.step, metrics.values["loss"])
        if metrics.step in logged or metrics.step % self.settings.log_every == 0:
            rate = float(self.schedule(metrics.step - 1))
            seconds = round(self.seconds(), 3)
            log.write(metrics.step, {**metrics.values, "learning_rate": rate, "seconds": seconds})

    def _is_reported(self, step, first_step) -> bool:
        every = self.settings.report_every
        return every > 0 and (step % every == 0 or step in (first_step + 1, self.settings.steps))

    def _save(self, step, state):
        seen = step * self.settings.batch_size
        metadata = {
            "config": self.stored_config,
            "data_position": seen,
            "sequences_seen": seen,
            "wall_seconds": self.seconds(),
        }
        checkpoints.save(self.directory / "checkpoints", step, state, metadata)

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
