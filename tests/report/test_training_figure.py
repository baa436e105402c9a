"""The training log as it is read, and its figure."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from vpn_anomaly.report import training_figure


def test_a_log_is_read_with_its_breaks(tmp_path):
    lines = [
        {"step": 10, "loss": 0.9, "learning_rate": 1e-3, "seconds": 5.0, "gradient_norm": 2.0},
        {"step": 20, "loss": 0.8, "learning_rate": 2e-3, "seconds": 9.0},
        {"step": 20, "checkpoint": True},
        {"step": 30, "loss": 0.7, "learning_rate": 3e-3, "seconds": 12.0},
        {"step": 20, "loss": 0.75, "learning_rate": 2e-3, "seconds": 10.0},
        {"step": 30, "loss": 0.65, "learning_rate": 3e-3, "seconds": 13.0},
        {"step": 40, "loss": 0.6, "learning_rate": 3e-3, "seconds": 16.0},
        {"step": 30, "loss": 0.7, "learning_rate": 3e-3, "seconds": 14.0},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n{"step": 40, "lo'
    (tmp_path / "log.jsonl").write_text(text)
    log = training_figure.read_training_log(tmp_path / "log.jsonl")
    assert {name: values.tolist() for name, values in log.items()} == {
        "step": [10, 20, 30],
        "loss": [0.9, 0.75, 0.7],
        "learning_rate": [1e-3, 2e-3, 3e-3],
        "seconds": [5.0, 10.0, 14.0],
    }


def test_an_empty_log_has_no_steps(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    log = training_figure.read_training_log(tmp_path / "log.jsonl")
    assert {name: len(values) for name, values in log.items()} == dict.fromkeys(log, 0)
    training_figure.training_figure(tmp_path / "training.png", log)


@pytest.mark.parametrize("reach", [1, 3, 50])
def test_running_mean_equals_a_loop(reach):
    values = np.random.default_rng(0).normal(size=12)
    for place, mean in enumerate(training_figure.running_mean(values, reach)):
        before = min(reach, place)
        after = min(before, 11 - place)
        assert mean == pytest.approx(values[place - before : place + after + 1].mean())


def test_it_is_written(tmp_path):
    log = {name: np.arange(1.0, 30.0) for name in training_figure.LOG_FIELDS}
    training_figure.training_figure(tmp_path / "training.png", log)
    picture = imread(tmp_path / "training.png")
    assert picture.shape[0] > 500 and picture[..., :3].std() > 0.01
