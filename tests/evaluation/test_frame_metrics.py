"""Metrics over all frames and clip by clip, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from vpn_anomaly.evaluation.frame_metrics import frame_metrics

RNG = np.random.default_rng(7)
LABELS = [RNG.random(60) < part for part in (0.2, 0.5, 0.0, 0.3, 1.0)]  # two are of one class
# Every clip has a level of its own, so that micro and macro differ; rounding makes ties.
SCORES = [np.round(RNG.normal(level, 1, 60) + label_T, 1) for level, label_T in zip((5, 0, 1, 2, 3), LABELS)]


def test_micro_and_macro_are_those_of_scikit_learn():
    found = frame_metrics(SCORES, LABELS, resamples=10)
    all_labels, all_scores = np.concatenate(LABELS), np.concatenate(SCORES)
    both = [
        roc_auc_score(label_T, score_T) if label_T.any() and not label_T.all() else None
        for label_T, score_T in zip(LABELS, SCORES)
    ]
    assert found["auroc_micro"] == pytest.approx(roc_auc_score(all_labels, all_scores), abs=1e-12)
    assert found["auroc_macro"] == pytest.approx(np.mean([value for value in both if value]), abs=1e-12)
    assert found["clips_left_out"] == 2
    for value, expected in zip(found["auroc_clips"], both, strict=True):
        assert value is expected is None or value == pytest.approx(expected, abs=1e-12)
    assert found["average_precision"] == pytest.approx(average_precision_score(all_labels, all_scores))
    assert abs(found["auroc_micro"] - found["auroc_macro"]) > 0.05


def test_the_equal_error_rate_lies_on_scikit_learns_curve():
    found = frame_metrics(SCORES, LABELS, resamples=10)
    false, true, _ = roc_curve(np.concatenate(LABELS), np.concatenate(SCORES), drop_intermediate=False)
    assert np.interp(found["equal_error_rate"], false, true) == pytest.approx(1 - found["equal_error_rate"])


def test_intervals_are_over_draws_of_whole_clips():
    found = frame_metrics(SCORES, LABELS, resamples=600)["ci95"]
    rng, micro, macro = np.random.default_rng(3), [], []
    for _ in range(600):
        drawn = rng.integers(0, 5, 5)
        label_N = np.concatenate([LABELS[clip] for clip in drawn])
        if label_N.any() and not label_N.all():
            micro.append(roc_auc_score(label_N, np.concatenate([SCORES[clip] for clip in drawn])))
        of_clips = [roc_auc_score(LABELS[clip], SCORES[clip]) for clip in drawn if clip in (0, 1, 3)]
        if of_clips:
            macro.append(np.mean(of_clips))
    np.testing.assert_allclose(found["auroc_micro"], np.quantile(micro, [0.025, 0.975]), atol=0.04)
    np.testing.assert_allclose(found["auroc_macro"], np.quantile(macro, [0.025, 0.975]), atol=0.04)


def test_one_class_alone_leaves_everything_undefined():
    found = frame_metrics(SCORES[:2], [np.zeros(60, bool)] * 2, resamples=10)
    assert found["auroc_micro"] is found["auroc_macro"] is found["equal_error_rate"] is None
    assert found["clips_left_out"] == 2 and found["ci95"]["auroc_macro"] is None


def test_scores_that_are_not_there_leave_it_undefined():
    found = frame_metrics([SCORES[0], np.full(60, np.nan)], LABELS[:2], resamples=10)
    assert found["auroc_micro"] is None
