"""Frames one by one: padding and zones count in no score."""

import jax
import numpy as np
import pytest

from tests.systems.examples import example, small_config
from vpn_anomaly.scoring.places import place_shape, window_means
from vpn_anomaly.scoring.scores import frame_scores, score_names
from vpn_anomaly.scoring.smoother import Smoother
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.past_alone import JOINT, OF_SHOWN
from vpn_anomaly.systems.system import Places

SHIFTS = np.array([[0, 0], [2, 3]])
HEIGHT, WIDTH = 18, 21


@pytest.fixture(scope="module")
def trained():
    return example(small_config())[:2]


def frames(height=HEIGHT, width=WIDTH, count=6, seed=0):
    shape = (count, height, width, 1)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def streamed(trained, frame_TxHxWxC, zones_HxW=None):
    streamer = StreamScorer(*trained, SHIFTS, *frame_TxHxWxC.shape[1:3], zones_HxW)
    return [streamer(frame) for frame in frame_TxHxWxC]


def test_scores_are_those_of_the_maps_without_padding(trained):
    first_frame = trained[0].first_frame
    results, scores_of = streamed(trained, frames()), jax.jit(frame_scores)
    assert [bool(one.scores) for one in results] == [False] * first_frame + [True] * 3
    assert all(one.maps is None for one in results[:first_frame])
    for one in results[first_frame:]:
        assert one.maps.counted.all() and one.maps.counted.shape == (HEIGHT, WIDTH)
        expected = scores_of(one.maps)
        assert set(one.scores) == set(expected)
        for name, score in one.scores.items():
            np.testing.assert_allclose(score, expected[name], rtol=1e-5)


def test_without_padding_nothing_changes(trained):
    whole = frames(height=20, width=24)
    state, system, params = trained[0].initial_stream(1, 20, 24), *trained
    step = jax.jit(system.stream_step)
    for frame, one in zip(whole, streamed(trained, whole), strict=True):
        state, maps = step(params, state, frame[None], SHIFTS)
    for name, value in one.maps.value.items():
        np.testing.assert_allclose(value, maps.value[name][0], rtol=1e-5, atol=1e-6)


def test_zones_leave_out_what_is_outside(trained):
    zones = np.zeros((HEIGHT, WIDTH), bool)
    zones[2:9, 3:15] = True
    everywhere, inside = (streamed(trained, frames(), area)[-1] for area in (None, zones))
    np.testing.assert_array_equal(inside.maps.counted, zones)
    nll = everywhere.maps.value["nll"]
    np.testing.assert_allclose(inside.scores["mean_nll"], nll[zones].mean(), rtol=1e-5)
    assert inside.scores["mean_nll"] != everywhere.scores["mean_nll"]


def test_zones_leave_out_of_joint_scores_what_is_outside():
    joint = example(small_config(train__mask_dropout=0.5))[:2]
    zones = np.zeros((HEIGHT, WIDTH), bool)
    zones[2:9, 3:15] = True
    everywhere, inside = (streamed(joint, frames(), area)[-1] for area in (None, zones))
    for score, name in (("joint_nll", JOINT), ("surprise_of_shown", OF_SHOWN)):
        of_all = everywhere.maps.value[name]
        np.testing.assert_allclose(everywhere.scores[score], of_all.mean(), rtol=1e-5)
        np.testing.assert_allclose(inside.scores[score], of_all[zones].mean(), rtol=1e-5)


def test_a_restart_forgets_everything(trained):
    streamer = StreamScorer(*trained, SHIFTS, HEIGHT, WIDTH)
    for frame in frames(seed=1):
        streamer(frame)
    streamer.restart()
    again = [streamer(frame).scores for frame in frames()]
    assert again == [one.scores for one in streamed(trained, frames())]


def test_without_tails_the_other_scores_and_maps_are_the_same(trained):
    whole = streamed(trained, frames())[-1]
    streamer = StreamScorer(*trained, SHIFTS, HEIGHT, WIDTH, tail=False)
    lean = [streamer(frame) for frame in frames()][-1]
    assert tuple(lean.scores) == score_names(trained[0], tail=False) and "tail" not in lean.maps.value
    for name in lean.scores:
        np.testing.assert_allclose(lean.scores[name], whole.scores[name], rtol=1e-5)
    for name in ("nll", "missing"):
        np.testing.assert_allclose(lean.maps.value[name], whole.maps.value[name], rtol=1e-5, atol=1e-6)


def test_scores_are_smoothed_over_the_past_of_their_stream(trained):
    raw = [one.scores for one in streamed(trained, frames(count=9))]
    streamer = StreamScorer(*trained, SHIFTS, HEIGHT, WIDTH, smoothing=3)
    for _ in range(2):  # from the beginning again
        streamer.restart()
        found = [streamer(frame).scores for frame in frames(count=9)]
        smoother = Smoother(3)
        for number, scores in enumerate(raw):
            assert found[number] == (smoother(scores) if scores else {})
    assert found[-1]["missing_z"] != raw[-1]["missing_z"]


def test_frames_are_compared_with_what_places_show(trained):
    """The other scores stay, and a place where more is normal is less anomalous."""
    plain = streamed(trained, frames())[-1]
    shape = place_shape(HEIGHT, WIDTH)
    mean, spread = np.zeros(shape, np.float32), np.full(shape, 2, np.float32)
    against = StreamScorer(*trained, SHIFTS, HEIGHT, WIDTH).against({"nll": Places(mean, spread)})
    one = [against(frame) for frame in frames()][-1]
    assert tuple(one.scores) == score_names(trained[0], places=True) == (*plain.scores, "place_z")
    assert {name: one.scores[name] for name in plain.scores} == pytest.approx(plain.scores, rel=1e-5)
    means = window_means(one.maps.value["nll"], one.maps.counted)
    assert one.scores["place_z"] == pytest.approx(float(means.max()) / 2, rel=1e-4)
