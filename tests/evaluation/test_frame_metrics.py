"""Metrics over all frames and clip by clip, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from vpn_anomaly.evaluation.frame_metrics import differences, few_frames, frame_metrics

RNG = np.random.default_rng(7)
LABELS = [RNG.random(60) < part for part in (0.2, 0.5, 0.0, 0.3, 1.0)]  # two are of one class
# Every clip has a level of its own, so that micro and macro differ; rounding makes ties.
SCORES = [np.round(RNG.normal(level, 1, 60) + label_T, 1) for level, label_T in zip((5, 0, 1, 2, 3), LABELS)]


def test_micro_and_macro_are_those_of_scikit_learn():
    found = frame_metrics(SCORES, LABELS, resamples=10).as_dict()
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
    found = frame_metrics(SCORES, LABELS, resamples=10).as_dict()
    false, true, _ = roc_curve(np.concatenate(LABELS), np.concatenate(SCORES), drop_intermediate=False)
    assert np.interp(found["equal_error_rate"], false, true) == pytest.approx(1 - found["equal_error_rate"])


def test_intervals_are_over_draws_of_whole_clips():
    found = frame_metrics(SCORES, LABELS, resamples=600).as_dict()["ci95"]
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
    found = frame_metrics(SCORES[:2], [np.zeros(60, bool)] * 2, resamples=10).as_dict()
    assert found["auroc_micro"] is found["auroc_macro"] is found["equal_error_rate"] is None
    assert found["clips_left_out"] == 2 and found["ci95"]["auroc_macro"] is None


def test_scores_that_are_not_there_leave_it_undefined():
    found = frame_metrics([SCORES[0], np.full(60, np.nan)], LABELS[:2], resamples=10).as_dict()
    assert found["auroc_micro"] is None


def test_clips_with_few_frames_of_a_class_are_left_out_of_a_mean_of_their_own():
    labels = [LABELS[0], np.arange(60) < 9, np.arange(60) < 10, np.arange(60) >= 51, LABELS[2]]
    assert few_frames(labels) == [1, 3]
    found = frame_metrics(SCORES, labels, resamples=600).as_dict()
    of_clip = {clip: roc_auc_score(labels[clip], SCORES[clip]) for clip in range(4)}
    assert found["auroc_macro"] == pytest.approx(np.mean(list(of_clip.values())), abs=1e-12)
    assert found["auroc_macro_10"] == pytest.approx((of_clip[0] + of_clip[2]) / 2, abs=1e-12)
    assert found["clips_left_out"] == 1
    low, high = found["ci95"]["auroc_macro_10"]  # draws of one of the two alone are among them
    assert (low, high) == pytest.approx(sorted([of_clip[0], of_clip[2]]))
    none = frame_metrics(SCORES[:2], [np.arange(60) < 3] * 2, resamples=10).as_dict()
    assert none["auroc_macro"] is not None and none["auroc_macro_10"] is None


def test_differences_are_over_the_same_draws_of_clips():
    """The other score is the same with noise: they rise and fall together."""
    other = [score_T + RNG.normal(0, 1.5, 60) for score_T in SCORES]
    first, second = (frame_metrics(scores, LABELS, resamples=600) for scores in (SCORES, other))
    found = differences(first, {"other": second, "itself": first})
    rng, micro = np.random.default_rng(3), []
    for _ in range(600):
        drawn = rng.integers(0, 5, 5)
        label_N = np.concatenate([LABELS[clip] for clip in drawn])
        if label_N.any() and not label_N.all():
            both = [np.concatenate([of[clip] for clip in drawn]) for of in (SCORES, other)]
            micro.append(roc_auc_score(label_N, both[0]) - roc_auc_score(label_N, both[1]))
    of = found["other"]
    assert of["auroc_micro"] == pytest.approx(first.values["auroc_micro"] - second.values["auroc_micro"])
    assert of["auroc_macro"] == pytest.approx(first.values["auroc_macro"] - second.values["auroc_macro"])
    np.testing.assert_allclose(of["ci95"]["auroc_micro"], np.quantile(micro, [0.025, 0.975]), atol=0.04)
    width = lambda bounds: bounds[1] - bounds[0]
    assert width(of["ci95"]["auroc_micro"]) < width(first.as_dict()["ci95"]["auroc_micro"]) / 2
    same = {"auroc_micro": [0, 0], "auroc_macro": [0, 0]}
    assert found["itself"] == {"auroc_micro": 0, "auroc_macro": 0, "ci95": same}


def test_there_is_no_difference_to_a_score_that_is_not_there():
    first = frame_metrics(SCORES, LABELS, resamples=10)
    absent = frame_metrics([np.full(60, np.nan)] * 5, LABELS, resamples=10)
    nothing = {"auroc_micro": None, "auroc_macro": None}
    assert differences(first, {"absent": absent})["absent"] == {**nothing, "ci95": nothing}
