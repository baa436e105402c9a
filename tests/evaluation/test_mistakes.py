"""Which sequences a score gets wrong."""

import numpy as np

from vpn_anomaly.evaluation.metrics import break_even_accuracy
from vpn_anomaly.evaluation.mistakes import extremes, fewest_misses, misses


def test_the_worst_come_first():
    wrong = misses("score", np.array([0.1, 0.9, 0.2, 0.7]), np.array([0.8, 0.05, 1.0, 0.3]))
    assert wrong.missed.tolist() == [1, 3]
    assert wrong.mistaken.tolist() == [1, 3]


def test_their_number_is_that_of_the_accuracy():
    random = np.random.default_rng(0)
    normal_N, anomalous_P = random.normal(size=200), random.normal(1.5, size=150)
    wrong = misses("score", normal_N, anomalous_P)
    assert len(wrong.missed) == len(wrong.mistaken) > 0
    expected = 1 - (len(wrong.missed) + len(wrong.mistaken)) / 350
    assert np.isclose(break_even_accuracy(normal_N, anomalous_P), expected)
    declared = np.sort(np.concatenate([normal_N, anomalous_P]))[-150:]
    assert set(np.flatnonzero(~np.isin(anomalous_P, declared))) == set(wrong.missed)
    assert set(np.flatnonzero(np.isin(normal_N, declared))) == set(wrong.mistaken)


def test_the_score_with_fewest_is_chosen_of_those_that_are_named():
    normal = {"bad": np.array([3.0, 4.0]), "good": np.array([0.0, 2.0]), "best": np.zeros(2)}
    anomalous = {"bad": np.array([1.0, 2.0]), "good": np.array([1.0, 3.0]), "best": np.ones(2)}
    wrong = fewest_misses(normal, anomalous, ("bad", "good"))
    assert (wrong.score, wrong.missed.tolist(), wrong.mistaken.tolist()) == ("good", [0], [1])
    assert fewest_misses(normal, anomalous, tuple(normal)).missed.size == 0


def test_without_anomalous_sequences_there_are_none():
    assert fewest_misses({"score": np.ones(3)}, {"score": np.ones(0)}, ("score",)) is None


def test_extremes_are_those_of_both_classes_together():
    most, least = extremes(np.array([0.1, 0.9, 0.2, 0.7]), np.array([0.8, 0.05, 1.0, 0.3]), 3)
    assert most == [(True, 2), (False, 1), (True, 0)]
    assert least == [(True, 1), (False, 0), (False, 2)]


def test_of_a_few_sequences_none_is_in_both_extremes():
    most, least = extremes(np.array([0.5]), np.array([0.25, 0.75, 0.125]), 3)
    assert most == [(True, 1), (False, 0)] and least == [(True, 2), (True, 0)]
