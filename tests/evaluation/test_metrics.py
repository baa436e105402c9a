"""Metrics against cases worked out by hand, permutations of ties, and scikit-learn."""

import itertools

import numpy as np
import pytest
from sklearn import metrics as reference

from vpn_anomaly.evaluation import metrics

SIZES = [(1, 1), (7, 7), (40, 40), (40, 13), (9, 50)]


def drawn_scores(normal, anomalous, ties, seed=0):
    """Overlapping scores; with ties only six different values."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.normal(size=normal), rng.normal(1.0, 1.0, anomalous)])
    scores = np.clip(np.round(scores), -2, 3) if ties else scores
    return scores[:normal].astype(np.float32), scores[normal:].astype(np.float32)


def as_labels(normal, anomalous):
    labels = np.repeat([0, 1], [len(normal), len(anomalous)])
    return labels, np.concatenate([normal, anomalous])


def break_even_by_permutations(normal, anomalous):
    """The mean over every order of the sequences, each sorted stably: ties in any order."""
    labels, scores = as_labels(normal, anomalous)
    accuracies = []
    for order in itertools.permutations(range(len(scores))):
        ranked = sorted(order, key=lambda index: -scores[index])
        declared = set(ranked[: len(anomalous)])
        right = sum((index in declared) == bool(labels[index]) for index in range(len(scores)))
        accuracies.append(right / len(scores))
    return np.mean(accuracies)


def equal_error_rate_by_bisection(normal, anomalous):
    """FPR − FNR along the polygon of the reference's ROC curve, by arc position."""
    false, true, _ = reference.roc_curve(*as_labels(normal, anomalous), drop_intermediate=False)
    position = np.arange(len(false), dtype=float)
    low, high = 0.0, position[-1]
    for _ in range(80):
        middle = (low + high) / 2
        balance = np.interp(middle, position, false) + np.interp(middle, position, true) - 1
        low, high = (middle, high) if balance < 0 else (low, middle)
    return np.interp(high, position, false)


def test_hand_case_without_ties():
    # Highest first: A N A A N N. The three highest hold two anomalous sequences.
    normal, anomalous = np.array([5.0, 2.0, 1.0]), np.array([6.0, 4.0, 3.0])
    assert metrics.break_even_accuracy(normal, anomalous) == pytest.approx(2 / 3)
    assert metrics.equal_error_rate(normal, anomalous) == pytest.approx(1 / 3)
    assert metrics.auroc(normal, anomalous) == pytest.approx(7 / 9)
    assert metrics.average_precision(normal, anomalous) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_hand_case_with_ties():
    # 3: A; 2: A A N (tied); 1: N N. Cut at three: one above, two of the three tied.
    normal, anomalous = np.array([2.0, 1.0, 1.0]), np.array([3.0, 2.0, 2.0])
    true = 1 + 2 * 2 / 3
    assert metrics.break_even_accuracy(normal, anomalous) == pytest.approx(true / 3)
    assert metrics.auroc(normal, anomalous) == pytest.approx((3 + 2.5 + 2.5) / 9)
    assert metrics.average_precision(normal, anomalous) == pytest.approx(1 / 3 + 2 / 3 * 3 / 4)
    # From (0, 1/3) to (1/3, 1) the ROC curve meets FPR = 1 − TPR at FPR = 2/9.
    assert metrics.equal_error_rate(normal, anomalous) == pytest.approx(2 / 9)


def test_one_value_for_all_is_chance():
    constant, few = np.zeros(80), np.zeros(20)
    assert metrics.break_even_accuracy(constant, constant) == pytest.approx(0.5)
    assert metrics.break_even_accuracy(constant, few) == pytest.approx(0.68)
    assert metrics.auroc(constant, few) == 0.5
    assert metrics.average_precision(constant, few) == pytest.approx(0.2)
    assert metrics.equal_error_rate(constant, few) == pytest.approx(0.5)


def test_perfect_and_opposite_separation():
    low, high = np.array([0.0, 1.0]), np.array([2.0, np.inf])
    for name, best in zip(metrics.METRICS, (1.0, 1.0, 1.0, 0.0)):
        assert metrics.metric(name, low, high) == best
    assert metrics.break_even_accuracy(high, low) == 0.0
    assert metrics.equal_error_rate(high, low) == 1.0


@pytest.mark.parametrize("normal, anomalous", [(3, 3), (4, 3), (2, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_ties_count_by_expectation(normal, anomalous, seed):
    scores = drawn_scores(normal, anomalous, ties=True, seed=seed)
    expected = break_even_by_permutations(*scores)
    assert metrics.break_even_accuracy(*scores) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("normal, anomalous", SIZES)
def test_metrics_equal_scikit_learn(normal, anomalous, ties):
    scores = drawn_scores(normal, anomalous, ties)
    labelled = as_labels(*scores)
    assert metrics.auroc(*scores) == pytest.approx(reference.roc_auc_score(*labelled), abs=1e-12)
    assert metrics.average_precision(*scores) == pytest.approx(
        reference.average_precision_score(*labelled), abs=1e-12
    )
    assert metrics.equal_error_rate(*scores) == pytest.approx(
        equal_error_rate_by_bisection(*scores), abs=1e-12
    )
    expected = reference.roc_curve(*labelled, drop_intermediate=False)[:2]
    np.testing.assert_allclose(metrics.roc_curve(*scores), expected)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5, 64, 301])
def test_break_even_is_one_minus_equal_error_rate_when_balanced(count, ties):
    scores = drawn_scores(count, count, ties, seed=count)
    assert metrics.break_even_accuracy(*scores) == pytest.approx(
        1 - metrics.equal_error_rate(*scores), abs=1e-12
    )


@pytest.mark.parametrize("name", metrics.METRICS)
def test_one_class_or_nan_is_undefined(name):
    some, none, broken = np.arange(3.0), np.empty(0), np.array([0.0, np.nan])
    assert metrics.metric(name, some, none) is None
    assert metrics.metric(name, none, some) is None
    assert metrics.metric(name, none, none) is None
    assert metrics.metric(name, some, broken) is None


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", metrics.METRICS)
def test_weights_are_repetitions(name, ties):
    normal, anomalous = drawn_scores(12, 9, ties)
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 4, (20, 21)).astype(np.int32)
    declared = metrics.declare(normal, anomalous, weights)
    for row, value in zip(weights, metrics.METRICS[name](declared)):
        repeated = np.repeat(normal, row[:12]), np.repeat(anomalous, row[12:])
        assert value == pytest.approx(metrics.metric(name, *repeated), abs=1e-12)


def test_figures_at_a_threshold():
    declared = metrics.declare(np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.0, 4.0]))
    figures = metrics.figures_at_threshold(declared, 2.0)
    assert {name: value[0] for name, value in figures.items()} == {
        "false_alarm_rate": 1 / 4,
        "accuracy": 4 / 6,
        "precision": 1 / 2,
        "recall": 1 / 2,
    }
    silent = metrics.figures_at_threshold(declared, 4.0)
    assert np.isnan(silent["precision"][0]) and silent["recall"][0] == 0


@pytest.mark.parametrize("ties", [False, True])
def test_pixel_auroc_equals_scikit_learn(ties):
    rng = np.random.default_rng(2)
    surprise = rng.normal(size=(5, 12, 13)).astype(np.float32)
    surprise = np.round(surprise) if ties else surprise
    changed = rng.random(surprise.shape) < 0.1
    surprise += changed
    counted = rng.random((1, 12, 13)) < 0.8
    keep = np.broadcast_to(counted, surprise.shape)
    expected = reference.roc_auc_score(changed[keep], surprise[keep])
    assert metrics.pixel_auroc(surprise, changed, counted) == pytest.approx(expected, abs=1e-12)


def test_pixel_auroc_without_changed_pixels_is_undefined():
    surprise, everywhere = np.zeros((2, 4, 4)), np.ones((2, 4, 4), bool)
    assert metrics.pixel_auroc(surprise, ~everywhere, everywhere) is None
    assert metrics.pixel_auroc(surprise, everywhere, everywhere) is None
    assert metrics.pixel_auroc(surprise, everywhere, ~everywhere) is None
