"""The results of all scores under one corruption."""

import json

import numpy as np
import pytest

from vpn_anomaly.evaluation import metrics, score_metrics

AT_THRESHOLD = {"false_alarm_rate", "accuracy", "precision", "recall"}


def drawn_scores(count, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(shift, 1.0, count) for name in ("mean_nll", "frame_difference")}


def test_layout_and_values():
    normal, anomalous = drawn_scores(200, seed=1), drawn_scores(150, shift=1.5, seed=2)
    threshold = 1.3
    results = score_metrics.evaluate_scores(normal, anomalous, {"mean_nll": threshold}, resamples=300)
    json.dumps(results, allow_nan=False)
    assert set(results) == {"mean_nll", "frame_difference"}
    assert "calibrated" not in results["frame_difference"]
    assert set(results["frame_difference"]["ci95"]) == set(metrics.METRICS)
    result = results["mean_nll"]
    assert set(result) == {*metrics.METRICS, "calibrated", "ci95"}
    assert set(result["calibrated"]) == AT_THRESHOLD
    for name in metrics.METRICS:
        assert result[name] == metrics.metric(name, normal["mean_nll"], anomalous["mean_nll"])
    false = np.mean(normal["mean_nll"] > threshold)
    true = np.mean(anomalous["mean_nll"] > threshold)
    accuracy = (200 * (1 - false) + 150 * true) / 350
    precision = 150 * true / (150 * true + 200 * false)
    expected = {"false_alarm_rate": false, "accuracy": accuracy, "precision": precision}
    assert result["calibrated"] == pytest.approx(expected | {"recall": true})


def test_intervals_hold_their_figures_and_have_binomial_width():
    normal, anomalous = drawn_scores(400, seed=1), drawn_scores(400, shift=1.0, seed=2)
    result = score_metrics.evaluate_scores(normal, anomalous, {"mean_nll": 1.6}, resamples=1000)["mean_nll"]
    figures = {name: result[name] for name in metrics.METRICS}
    figures |= {f"calibrated.{name}": value for name, value in result["calibrated"].items()}
    assert set(result["ci95"]) == set(figures)
    for name, (low, high) in result["ci95"].items():
        assert low < figures[name] < high
    recall = figures["calibrated.recall"]
    low, high = result["ci95"]["calibrated.recall"]
    width = 2 * 1.96 * np.sqrt(recall * (1 - recall) / 400)
    assert high - low == pytest.approx(width, rel=0.15)


@pytest.mark.parametrize("normal, anomalous", [(0, 5), (5, 0), (0, 0)])
def test_one_class_gives_nulls(normal, anomalous):
    result = score_metrics.evaluate_scores(
        drawn_scores(normal), drawn_scores(anomalous), {"mean_nll": 1.6}, resamples=10
    )["mean_nll"]
    ci95, calibrated = result.pop("ci95"), result.pop("calibrated")
    values = [*result.values(), *calibrated.values(), *ci95.values()]
    assert len(values) == 16 and all(value is None for value in values)


def test_no_alarm_has_no_precision():
    scores = {"constant": np.zeros(20)}
    result = score_metrics.evaluate_scores(scores, scores, {"constant": 0.0}, resamples=10)["constant"]
    assert result["calibrated"]["precision"] is None
    assert result["ci95"]["calibrated.precision"] is None
    assert result["calibrated"]["recall"] == 0.0
    assert result["break_even_accuracy"] == 0.5
    assert result["ci95"]["break_even_accuracy"] == [0.5, 0.5]
