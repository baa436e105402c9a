"""Scores of normal footage: which frames they are of, and for what stored ones serve."""

import jax
import numpy as np
import pytest

from tests.systems.examples import example, small_config
from vpn_anomaly.data.video.clips import split_within_videos
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_calibration import NormalFootage, stream_calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_model import TrainedModel

SIDE, SHIFTS = 16, np.array([[0, 0], [2, 3]])


@pytest.fixture(scope="module")
def model():
    return example(small_config())[:2]


@pytest.fixture(scope="module")
def footage():
    shape = (60, SIDE, SIDE, 1)
    video = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    return NormalFootage(lambda: {"belt": video}, split_within_videos)


def unreadable():
    raise AssertionError("what is stored was not used")


def test_the_validation_part_calibrates_and_the_test_part_is_held_out(model, footage, tmp_path):
    streamer = StreamScorer(*model, SHIFTS, SIDE, SIDE)
    made = stream_calibration(TrainedModel(None, {"step": 1}, (), None), streamer, footage)
    streamer.restart()
    video = footage.read()["belt"]
    scores = [streamer(frame).scores.get("mean_nll") for frame in video]
    of = lambda split: [scores[number] for number in split_within_videos([len(video)], split)[0]]
    assert made.frames == len(of("validation"))
    np.testing.assert_allclose(made.calibration.scores["mean_nll"], np.sort(of("validation")), rtol=1e-4)
    np.testing.assert_allclose(made.held_out["mean_nll"], of("test"), rtol=1e-4)


def test_stored_scores_serve_where_they_are_all_there(model, footage, tmp_path):
    trained = TrainedModel.in_run(tmp_path, None, {"step": 1})
    stored_only = NormalFootage(unreadable, footage.divide)
    lean, whole = (StreamScorer(*model, SHIFTS, SIDE, SIDE, tail=tail) for tail in (False, True))
    made = stream_calibration(trained, lean, footage)
    again = stream_calibration(trained, lean, stored_only)
    jax.tree.map(np.testing.assert_array_equal, made.held_out, again.held_out)
    with pytest.raises(AssertionError, match="not used"):  # the scores of tails are missing
        stream_calibration(trained, whole, stored_only)
    assert "any" in stream_calibration(trained, whole, footage).calibration.scores
    less = stream_calibration(trained, lean, stored_only)
    assert tuple(less.held_out) == score_names(lean.system, tail=False)
    assert less.calibration.scores.keys() == less.held_out.keys()


@pytest.mark.parametrize("other", ["step", "masks", "zones", "set"])
def test_scores_of_something_else_do_not_serve(model, footage, tmp_path, other):
    stream_calibration(
        TrainedModel.in_run(tmp_path, None, {"step": 1}), StreamScorer(*model, SHIFTS, SIDE, SIDE), footage
    )
    zones_HxW = np.tri(SIDE, dtype=bool) if other == "zones" else None
    shifts = SHIFTS[:1] if other == "masks" else SHIFTS
    labelled_set = ("ucsd", "ped2") if other == "set" else None
    trained = TrainedModel.in_run(tmp_path, None, {"step": 2 if other == "step" else 1})
    with pytest.raises(AssertionError, match="not used"):
        stream_calibration(
            trained,
            StreamScorer(*model, shifts, SIDE, SIDE, zones_HxW),
            NormalFootage(unreadable, footage.divide, labelled_set),
        )
