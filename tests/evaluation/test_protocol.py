"""What is done to a clip's scores, against vectors worked out by hand and scipy's definition."""

import math

import numpy as np
import pytest

from vpn_anomaly.evaluation.protocol import Protocol, from_neighbours

SCORES = np.array([4.0, 2.0, 6.0, 3.0])
LABELS = np.array([False, True, True, False])


def test_nothing_is_done_by_default():
    np.testing.assert_array_equal(Protocol().scores(SCORES), SCORES)
    np.testing.assert_array_equal(Protocol().labels(LABELS), LABELS)
    assert Protocol().done() == [] and len(Protocol().not_done()) == 3


def test_dropped_frames_are_the_first_of_scores_and_labels():
    protocol = Protocol(dropped_frames=2)
    np.testing.assert_array_equal(protocol.scores(SCORES), [6.0, 3.0])
    np.testing.assert_array_equal(protocol.labels(LABELS), [True, False])


@pytest.mark.parametrize(
    "given, expected",
    [
        ([4.0, 2.0, 6.0, 3.0], [0.5, 0.0, 1.0, 0.25]),
        ([-1.0, -3.0], [1.0, 0.0]),
        ([7.0, 7.0], [0.0, 0.0]),
    ],
)
def test_normalised_scores_go_from_0_to_1(given, expected):
    np.testing.assert_allclose(Protocol(normalise_clips=True).scores(np.array(given)), expected)


def test_normalisation_knows_nothing_of_dropped_frames():
    protocol = Protocol(dropped_frames=1, normalise_clips=True)
    np.testing.assert_allclose(protocol.scores(np.array([100.0, 2.0, 6.0, 3.0])), [0.0, 1.0, 0.25])


def test_smoothing_is_a_gaussian_with_mirrored_ends():
    score_T, sigma = np.random.default_rng(0).normal(size=40), 1.5
    reach = 6  # four standard deviations
    weight = [math.exp(-0.5 * (shift / sigma) ** 2) for shift in range(-reach, reach + 1)]
    mirrored = np.concatenate([score_T[:reach][::-1], score_T, score_T[-reach:][::-1]])
    expected = [
        sum(w * mirrored[t + place] for place, w in enumerate(weight)) / sum(weight) for t in range(40)
    ]
    np.testing.assert_allclose(Protocol(smoothing=sigma).scores(score_T), expected, rtol=1e-12)


def test_the_published_protocol_scales_then_smooths_and_drops_nothing():
    protocol = Protocol(published=True, masks="off")
    np.testing.assert_array_equal(protocol.scores(SCORES), SCORES)
    score_T = np.random.default_rng(2).normal(size=60)
    scaled = (score_T - min(score_T)) / (max(score_T) - min(score_T))
    weight = [math.exp(-0.5 * (shift / 5) ** 2) for shift in range(-20, 21)]
    mirrored = np.concatenate([scaled[:20][::-1], scaled, scaled[-20:][::-1]])
    expected = [sum(w * mirrored[t + place] for place, w in enumerate(weight)) for t in range(60)]
    published = protocol.as_published()
    np.testing.assert_allclose(published.scores(score_T), np.array(expected) / sum(weight), rtol=1e-9)
    assert published.masks == "off" and not published.published
    assert len(published.done()) == 2 and all("uses the clip's future" in done for done in published.done())


@pytest.mark.parametrize(
    "option, field, word",
    [
        ({"dropped_frames": 3}, "dropped_frames", "first 3 frames"),
        ({"normalise_clips": True}, "normalise_clips", "scaled to 0..1"),
        ({"smoothing": 2.5}, "smoothing", "Gaussian of 2.5 frames"),
    ],
)
def test_each_option_changes_what_it_says_and_nothing_else(option, field, word):
    changed, default = Protocol(**option), Protocol()
    assert word in " ".join(changed.done()) and len(changed.done()) == 1
    removed = [phrase for phrase in default.not_done() if phrase not in changed.not_done()]
    assert len(removed) == 1 and f"evaluate.protocol.{field}" in removed[0]
    score_T, label_T = np.random.default_rng(1).normal(size=30), np.arange(30) % 3 == 0
    assert (len(changed.labels(label_T)) != 30) == (field == "dropped_frames")
    assert not np.array_equal(changed.scores(score_T), score_T)
    if field == "normalise_clips":  # order and shape stay
        np.testing.assert_array_equal(np.argsort(changed.scores(score_T)), np.argsort(score_T))
    if field == "dropped_frames":
        np.testing.assert_array_equal(changed.scores(score_T), score_T[3:])


def test_the_given_scores_stay_as_they_are():
    before = SCORES.copy()
    Protocol(1, True, 2.0).scores(SCORES)
    np.testing.assert_array_equal(SCORES, before)


NAN = float("nan")


@pytest.mark.parametrize(
    "given, expected",
    [
        ([NAN, NAN, 3.0, 4.0], [3.0, 3.0, 3.0, 4.0]),  # no context at the beginning
        ([1.0, NAN, 3.0], [1.0, 2.0, 3.0]),  # a damaged frame
        ([1.0, NAN, NAN, 7.0, NAN], [1.0, 3.0, 5.0, 7.0, 7.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, float("inf"), NAN], [1.0, float("inf"), float("inf")]),
    ],
)
def test_missing_scores_come_from_their_neighbours(given, expected):
    np.testing.assert_allclose(from_neighbours(np.array(given)), expected)


def test_without_any_score_there_is_none():
    assert np.isnan(from_neighbours(np.full(3, NAN))).all()
