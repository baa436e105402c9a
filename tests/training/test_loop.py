"""The training loop: it resumes bit for bit, stops when asked to, and names what goes wrong."""

import json
import os
import shutil
import signal

import jax
import numpy as np
import pytest

from vpn_anomaly import catalogue
from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import build_source
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums
from vpn_anomaly.storage import checkpoint_reading, checkpoints, named_arrays
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training import run
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import new_state

pytestmark = pytest.mark.slow  # each test trains a run


def final_state(config, directory):
    """The arrays of the newest checkpoint, by name, and its step."""
    system, optimizer = build_system(config), build_optimizer(config.train)
    clips = build_source(config.data).clips(0, "train", np.arange(1))
    abstract = jax.eval_shape(lambda clips: new_state(system, optimizer, 0, clips), clips)
    state, metadata = checkpoints.restore_latest(directory / "checkpoints", abstract)
    return jax.tree.leaves(state), metadata["step"]


def assert_same_end(config, one, other):
    (leaves, step), (other_leaves, other_step) = (final_state(config, d) for d in (one, other))
    assert step == other_step == config.train.steps
    for a, b in zip(leaves, other_leaves):
        np.testing.assert_array_equal(a, b)


def directory_made(directory):
    directory.mkdir()
    return directory


def logged_steps(directory):
    return [json.loads(line)["step"] for line in (directory / "train.jsonl").read_text().splitlines()]


def around_step(monkeypatch, before=lambda step: None, after=lambda step, metrics: metrics):
    """Has the training call `before` as it launches a step; `after` makes its metrics."""
    build = run.build_train_step

    def build_watched(*arguments):
        train_step = build(*arguments)

        def watched(state, batch):
            step = int(state.step) + 1
            before(step)
            state, metrics = train_step(state, batch)
            return state, after(step, metrics)

        return watched

    monkeypatch.setattr(run, "build_train_step", build_watched)


def test_a_resumed_run_ends_bit_identical(tiny_config, unbroken, tmp_path):
    resumed = tmp_path / "resumed"
    shutil.copytree(unbroken, resumed)
    for step in (4, 6):
        shutil.rmtree(resumed / "checkpoints" / str(step))
    (resumed / "checkpoints" / "calibration.npz").unlink()
    run.train(tiny_config, resumed)
    assert_same_end(tiny_config, unbroken, resumed)
    calibrations = [dict(np.load(run / "checkpoints" / "calibration.npz")) for run in (unbroken, resumed)]
    for name in calibrations[0]:
        if name.startswith("score/"):
            np.testing.assert_array_equal(calibrations[0][name], calibrations[1][name])


@pytest.mark.parametrize("system", [row.name for row in catalogue.SYSTEMS[1:] if not row.fits])
def test_every_system_resumes_bit_identical(tiny_config, tmp_path, system):
    tiny_config.update_from_flattened_dict(
        {
            "system": system,
            "model.decoder.blocks": 1,
            "model.decoder.channels": 4,
            "model.composite.past": 3,
            "model.composite.future": 2,
            "train.steps": 4,
        }
    )
    configuration.check(tiny_config)
    unbroken, resumed = directory_made(tmp_path / "unbroken"), tmp_path / "resumed"
    run.train(tiny_config, unbroken)
    shutil.copytree(unbroken, resumed)
    shutil.rmtree(resumed / "checkpoints" / "4")
    run.train(tiny_config, resumed)
    assert_same_end(tiny_config, unbroken, resumed)


@pytest.mark.parametrize("saved", [0, 4])
def test_the_step_is_compiled_once(tiny_config, unbroken, tmp_path, caplog, saved):
    if saved:
        shutil.copytree(unbroken, tmp_path, dirs_exist_ok=True)
        shutil.rmtree(tmp_path / "checkpoints" / "6")
    with jax.log_compiles():
        run.train(tiny_config, tmp_path)
    compiled = [text for text in caplog.messages if "XLA compilation of jit(train_step)" in text]
    assert len(compiled) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_run_goes_on_from_there(tiny_config, unbroken, tmp_path, monkeypatch, number):
    stopped = directory_made(tmp_path / "stopped")
    around_step(monkeypatch, before=lambda step: os.kill(os.getpid(), number) if step == 3 else None)
    if number == signal.SIGINT:
        with pytest.raises(KeyboardInterrupt):
            run.train(tiny_config, stopped)
    else:
        assert run.train(tiny_config, stopped) is None
    assert checkpoints.saved_steps(stopped / "checkpoints") == [2, 3]
    assert logged_steps(stopped) == [1, 2, 3]
    monkeypatch.undo()
    run.train(tiny_config, stopped)
    assert_same_end(tiny_config, unbroken, stopped)


def test_the_loss_of_every_logged_step_stands_in_the_log(unbroken):
    assert logged_steps(unbroken) == [1, 2, 3, 4, 5, 6]
    line = json.loads((unbroken / "train.jsonl").read_text().splitlines()[0])
    assert {"loss", "gradient_norm", "learning_rate", "seconds"} <= set(line)
    assert list((unbroken / "events").iterdir())


def test_seldom_logged_are_the_first_step_every_nth_and_the_last(tiny_config, tmp_path):
    tiny_config.train.log_every = 4
    run.train(tiny_config, directory_made(tmp_path / "run"))
    assert logged_steps(tmp_path / "run") == [1, 4, 6]


@pytest.mark.parametrize("every, reported", [(0, []), (2, [1, 2, 3])])
def test_reports_come_every_nth_step_with_what_was_learned_until_then(tiny_config, tmp_path, every, reported):
    tiny_config.train.update(steps=3, report_every=every, checkpoint_every=1)
    snapshots, folder = [], directory_made(tmp_path / "run")
    read = lambda source, snapshot: snapshots.append(
        snapshot._replace(params=jax.device_get(snapshot.params))
    )
    run.train(tiny_config, folder, read)
    assert [snapshot.step for snapshot in snapshots] == reported
    for snapshot in snapshots:
        stored = checkpoint_reading.read_record(folder / "checkpoints" / str(snapshot.step))["arrays"]
        params = named_arrays.by_name({"params": snapshot.params})
        assert checksums.of_arrays(params) == stored["params"]
        assert (snapshot.seconds_left is None) == (snapshot.step == 1) and snapshot.seconds > 0


class Metric:
    """A number that says when it is read."""

    def __init__(self, value, on_read):
        self.value, self.on_read = value, on_read

    def __float__(self):
        self.on_read()
        return float(self.value)


def test_a_step_is_launched_before_the_metrics_of_the_one_before_are_read(tiny_config, tmp_path, monkeypatch):
    events, save = [], checkpoints.save

    def after(step, metrics):
        return {**metrics, "loss": Metric(metrics["loss"], lambda: events.append(f"read {step}"))}

    def saved(folder, step, *arguments):
        events.append(f"save {step}")
        save(folder, step, *arguments)

    around_step(monkeypatch, before=lambda step: events.append(f"launch {step}"), after=after)
    monkeypatch.setattr(checkpoints, "save", saved)
    tiny_config.train.update(steps=5, checkpoint_every=3)
    run.train(tiny_config, directory_made(tmp_path / "run"))
    assert ", ".join(events) == (
        "launch 1, launch 2, read 1, launch 3, read 2, read 3, save 3,"
        " launch 4, launch 5, read 4, read 5, save 5"
    )


@pytest.mark.parametrize("number, saved", [(2, None), (3, 2), (4, 2), (6, 4)])
def test_a_loss_that_is_not_finite_names_step_sequences_and_checkpoint(
    tiny_config, tmp_path, monkeypatch, number, saved
):
    """Whether it is found as the next step is launched (3) or before a checkpoint (2, 4, 6)."""
    around_step(
        monkeypatch, after=lambda step, metrics: metrics | ({"loss": np.nan} if step == number else {})
    )
    index = rf"\[{2 * number - 2},{2 * number - 1}\]"
    good = f"checkpoint is of step {saved}" if saved else "no checkpoint yet"
    with pytest.raises(UserError, match=rf"step {number}: .*nan.*sequences {index}.*{good}"):
        run.train(tiny_config, directory_made(tmp_path / "run"))
    assert checkpoints.saved_steps(tmp_path / "run" / "checkpoints") == list(range(2, number, 2))


def test_a_finite_set_of_training_sequences_is_gone_through_again(tiny_config, tmp_path):
    tiny_config.data.train_sequences = 3
    assert run.train(tiny_config, directory_made(tmp_path / "run")) > 0
