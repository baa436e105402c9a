"""Bootstrap intervals against a plain loop over resamples and closed forms."""

import numpy as np
import pytest

from vpn_anomaly.evaluation import bootstrap, metrics


def drawn_scores(normal, anomalous, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=normal), rng.normal(1.0, 1.0, anomalous)


def test_resamples_draw_each_class_with_replacement():
    weights = bootstrap.resample_weights(40, 25, 2000)
    assert weights.shape == (2000, 65)
    assert (weights[:, :40].sum(1) == 40).all() and (weights[:, 40:].sum(1) == 25).all()
    # Times drawn are binomial: mean 1, variance 1 − 1/count.
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.12)
    assert weights[:, :40].var() == pytest.approx(1 - 1 / 40, abs=0.02)
    assert weights[:, 40:].var() == pytest.approx(1 - 1 / 25, abs=0.02)


def test_resamples_are_a_function_of_the_counts_and_the_seed():
    first = bootstrap.resample_weights(10, 20, 50)
    np.testing.assert_array_equal(first, bootstrap.resample_weights(10, 20, 50))
    assert (first != bootstrap.resample_weights(10, 20, 50, seed=1)).any()


@pytest.mark.parametrize("name", metrics.METRICS)
def test_resampled_metrics_equal_a_loop(name, monkeypatch):
    monkeypatch.setattr(bootstrap, "BLOCK_ELEMENTS", 200)  # several blocks
    normal, anomalous = drawn_scores(30, 20)
    weights = bootstrap.resample_weights(30, 20, 25)
    expected = [
        metrics.metric(name, np.repeat(normal, row[:30]), np.repeat(anomalous, row[30:])) for row in weights
    ]
    actual = bootstrap.resampled_metric(name, normal, anomalous, weights)
    np.testing.assert_allclose(actual, expected, atol=1e-12)


def test_interval_of_the_auroc_has_the_width_of_theory():
    normal, anomalous = drawn_scores(400, 300)
    area = metrics.auroc(normal, anomalous)
    # DeLong: variance of the two classes' mean placements.
    by_anomalous = (anomalous[:, None] > normal).mean(1).var(ddof=1) / 300
    by_normal = (anomalous[:, None] > normal).mean(0).var(ddof=1) / 400
    half_width = 1.96 * np.sqrt(by_anomalous + by_normal)
    weights = bootstrap.resample_weights(400, 300, 2000)
    low, high = bootstrap.interval(bootstrap.resampled_metric("auroc", normal, anomalous, weights))
    assert low == pytest.approx(area - half_width, abs=0.15 * half_width)
    assert high == pytest.approx(area + half_width, abs=0.15 * half_width)


def test_interval_leaves_out_undefined_values():
    values = np.append(np.arange(101.0), np.nan)
    assert bootstrap.interval(values) == pytest.approx([2.5, 97.5])
    assert bootstrap.interval(np.full(3, np.nan)) is None


def resampled(normal, anomalous, resamples=200):
    weights = bootstrap.resample_weights(len(normal), len(anomalous), resamples)
    values = bootstrap.resampled_metric("auroc", normal, anomalous, weights)
    return bootstrap.Resampled(metrics.auroc(normal, anomalous), values)


def test_a_score_does_not_differ_from_itself():
    scores = resampled(*drawn_scores(50, 50))
    assert bootstrap.paired_difference(scores, scores) == (0.0, [0.0, 0.0])


def test_pairing_finds_a_small_difference_that_the_two_intervals_hide():
    normal, anomalous = drawn_scores(300, 300)
    better, worse = (resampled(normal, scores, 500) for scores in (anomalous, anomalous - 0.1))
    difference, (low, high) = bootstrap.paired_difference(better, worse)
    expected = metrics.auroc(normal, anomalous) - metrics.auroc(normal, anomalous - 0.1)
    assert difference == pytest.approx(expected)
    assert 0 < low < difference < high
    alone = bootstrap.interval(better.resamples_R)
    assert high - low < 0.3 * (alone[1] - alone[0])


def test_differences_need_the_same_resamples_and_are_taken_where_both_are_defined():
    first = bootstrap.Resampled(0.9, np.array([0.9, np.nan, 0.7]))
    second = bootstrap.Resampled(0.6, np.array([0.5, 0.4, np.nan]))
    difference, interval = bootstrap.paired_difference(first, second)
    assert difference == pytest.approx(0.3) and interval == pytest.approx([0.4, 0.4])
    with pytest.raises(ValueError, match="not the same resamples: 3 and 2"):
        bootstrap.paired_difference(first, bootstrap.Resampled(0.5, np.zeros(2)))
    undefined = bootstrap.Resampled(np.nan, np.full(3, np.nan))
    assert bootstrap.paired_difference(first, undefined)[1] is None
