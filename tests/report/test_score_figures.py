"""ROC, histogram and training figures."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from vpn_anomaly.report import score_figures


def test_a_log_is_read_with_its_breaks(tmp_path):
    lines = [
        {"step": 10, "loss": 0.9, "learning_rate": 1e-3, "seconds": 5.0, "gradient_norm": 2.0},
        {"step": 20, "loss": 0.8, "learning_rate": 2e-3, "seconds": 9.0},
        {"step": 20, "checkpoint": True},
        {"step": 30, "loss": 0.7, "learning_rate": 3e-3, "seconds": 12.0},
        {"step": 20, "loss": 0.75, "learning_rate": 2e-3, "seconds": 10.0},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n{"step": 40, "lo'
    (tmp_path / "log.jsonl").write_text(text)
    log = score_figures.read_training_log(tmp_path / "log.jsonl")
    assert {name: values.tolist() for name, values in log.items()} == {
        "step": [10, 20, 30],
        "loss": [0.9, 0.75, 0.7],
        "learning_rate": [1e-3, 2e-3, 3e-3],
        "seconds": [5.0, 10.0, 12.0],
    }


def test_an_empty_log_has_no_steps(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    log = score_figures.read_training_log(tmp_path / "log.jsonl")
    assert {name: len(values) for name, values in log.items()} == dict.fromkeys(log, 0)
    score_figures.training_figure(tmp_path / "training.png", log)


@pytest.mark.parametrize("reach", [1, 3, 50])
def test_running_mean_equals_a_loop(reach):
    values = np.random.default_rng(0).normal(size=12)
    for place, mean in enumerate(score_figures.running_mean(values, reach)):
        before = min(reach, place)
        after = min(before, 11 - place)
        assert mean == pytest.approx(values[place - before : place + after + 1].mean())


def test_histograms_keep_room_for_the_normal_scores():
    normal = np.linspace(0, 1, 1001)
    edges = score_figures.histogram_edges(normal, [np.linspace(0, 1e6, 1001)])
    assert edges[0] == 0 and edges[-1] == pytest.approx(0.99 / score_figures.NORMAL_PART)
    edges = score_figures.histogram_edges(normal, [np.linspace(-1, 2, 1001)])
    assert edges[0] == -1 and edges[-1] == pytest.approx(-1 + 3 * 0.99)
    for scores in (np.zeros(3), np.empty(0), np.full(2, np.nan)):
        edges = score_figures.histogram_edges(scores, [scores])
        assert (np.diff(edges) > 0).all() and len(edges) == score_figures.BINS + 1


def test_durations():
    times = {41.2: "41 s", 431: "7 min", 11500: "3.2 h"}
    assert [score_figures.duration(seconds) for seconds in times] == list(times.values())


def test_figures_are_written(tmp_path):
    rng = np.random.default_rng(0)
    normal = {"mean_nll": rng.normal(size=50), "constant": np.zeros(50)}
    anomalous = {
        "temporal": {"mean_nll": rng.normal(2, 1, 50), "constant": np.zeros(50)},
        "spatial": {"mean_nll": np.empty(0), "constant": np.full(50, np.nan)},
    }
    score_figures.score_figure(tmp_path / "scores.png", normal, anomalous, {"mean_nll": 1.0}, list(normal))
    log = {name: np.arange(1.0, 30.0) for name in score_figures.LOG_FIELDS}
    score_figures.training_figure(tmp_path / "training.png", log)
    for name in ("scores.png", "training.png"):
        picture = imread(tmp_path / name)
        assert picture.shape[0] > 500 and picture[..., :3].std() > 0.01
