"""The table of scores: which system has which, and which find events."""

import jax
import numpy as np
import pytest

from tests.score_columns import BLOCK_SCORES, DISTRIBUTION_SCORES, WAYS
from tests.systems.examples import example, small_config
from vpn_anomaly.scoring.calibration import in_any
from vpn_anomaly.scoring.event_kinds import EVENT_KINDS, KIND_NAMES
from vpn_anomaly.scoring.scores import SCORES, event_scores, frame_scores, in_order, score_named, score_names
from vpn_anomaly.systems.build import build_system

WITHOUT_TAILS = tuple(name for name in DISTRIBUTION_SCORES if name not in ("excess_nll", "tail_mean"))
COLUMNS = {
    "inpainting": DISTRIBUTION_SCORES,
    "vpn": DISTRIBUTION_SCORES,
    "conv_lstm_autoencoder": ("frame_error",),
    "frame_autoencoder": ("frame_error",),
    "block_inpainting": BLOCK_SCORES,
    "normality": WAYS,
}


def system_named(name):
    return build_system(small_config(system=name))


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_of_a_system_are_the_scores_of_its_maps(name):
    system, params, batch = example(small_config(system=name))
    frames = (batch["clip"].shape[1] - 1,)
    maps = jax.eval_shape(lambda: system.maps(params, batch["clip"], np.zeros((2, 2), np.int32), frames))
    scores = jax.eval_shape(frame_scores, maps)
    assert score_names(system) == tuple(in_order(scores)) == COLUMNS[name]
    assert scores.keys() == set(COLUMNS[name])


def test_without_tails_there_are_fewer_scores():
    assert score_names(system_named("inpainting"), tail=False) == WITHOUT_TAILS
    assert score_names(system_named("block_inpainting"), tail=False) == BLOCK_SCORES


def test_each_kind_of_event_is_found_by_one_score():
    residual = {"missing": "missing_z", "intruding": "intruding_z"}
    frames = system_named("inpainting")
    assert list(event_scores(frames).items()) == [*residual.items(), ("motion", "tail_mean")]
    assert event_scores(frames, tail=False) == {**residual, "motion": "mean_nll"}
    blocks = event_scores(system_named("block_inpainting"))
    assert list(blocks.items()) == [*residual.items(), ("detail", "detail_excess")]
    assert event_scores(system_named("frame_autoencoder")) == {}
    assert event_scores(system_named("normality")) == {way: way for way in WAYS}


def test_against_what_places_show_others_find_motion_and_details():
    frames, blocks = system_named("inpainting"), system_named("block_inpainting")
    assert score_names(frames, places=True) == (*DISTRIBUTION_SCORES, "place_z")
    assert event_scores(frames, places=True)["motion"] == "place_z"
    assert in_any(score_names(frames, places=True)) == ("missing_z", "intruding_z", "place_z")
    assert score_names(blocks, places=True) == (*BLOCK_SCORES, "detail_place_z")
    assert event_scores(blocks, places=True)["detail"] == "detail_place_z"
    assert score_names(system_named("frame_autoencoder"), places=True) == ("frame_error",)


def test_rows_name_what_there_is():
    assert len({score.name for score in SCORES}) == len(SCORES)
    for score in SCORES:
        assert score_named(score.name) is score
        assert score.map in score.needs
        assert score.event_kind is None or score.event_kind in KIND_NAMES
        assert (score.windows is None) == (score.event_kind is None)


@pytest.mark.parametrize("field", ["name", "meaning", "colour"])
def test_kinds_of_events_can_be_told_apart(field):
    assert len({getattr(kind, field) for kind in EVENT_KINDS}) == len(EVENT_KINDS)
