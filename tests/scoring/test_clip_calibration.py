"""Calibration scores are made once, stored, and found again where they hold all that is asked for."""

import dataclasses
import shutil

import numpy as np
import pytest

from tests import tiny
from tests.score_columns import BLOCK_SCORES, DISTRIBUTION_SCORES
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.scoring import scores
from vpn_anomaly.scoring.calibration import Calibration, derived_from
from vpn_anomaly.scoring.clip_calibration import clip_calibration, made_with, stored_clip_calibration
from vpn_anomaly.scoring.clip_scorer import build_scorer
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel, trained_export
from vpn_anomaly.storage import calibration_file, exported_weights
from vpn_anomaly.systems.build import build_system

LAST, COUNT = 7, 6


def at_step(directory, step=3):
    """A run that is at a step, as far as its calibration is concerned."""
    return TrainedModel.in_run(directory, None, {"step": step})


@pytest.fixture
def another_score(monkeypatch):
    """A new row of the table: the mean of `nll` under another name."""
    row = dataclasses.replace(scores.score_named("mean_nll"), name="another", event_kind=None)
    monkeypatch.setattr(scores, "SCORES", (*scores.SCORES, row))
    return row


def test_calibration_is_computed_once_and_stored(tiny_run, scorer, tmp_path):
    made = clip_calibration(at_step(tmp_path), scorer, tiny_run.source, COUNT)
    clips = evaluation_clips(tiny_run.source, "validation", COUNT).clip
    expected = Calibration.fit(scorer.scores(clips, LAST))
    found = clip_calibration(at_step(tmp_path), scorer, source=None, count=COUNT)
    assert set(made.scores) == {*DISTRIBUTION_SCORES, "any"}
    for name, score_N in expected.scores.items():
        np.testing.assert_array_equal(made.scores[name], score_N)
        np.testing.assert_array_equal(found.scores[name], score_N)


def test_a_calibration_of_something_else_is_not_used(tiny_run, scorer, tmp_path):
    clip_calibration(at_step(tmp_path), scorer, tiny_run.source, COUNT)
    fewer_masks = dataclasses.replace(scorer, shift_Mx2=scorer.shift_Mx2[:1])
    assert stored_clip_calibration(at_step(tmp_path), scorer, COUNT, ["mean_nll"]) is not None
    assert stored_clip_calibration(at_step(tmp_path), fewer_masks, COUNT, ["mean_nll"]) is None
    assert stored_clip_calibration(at_step(tmp_path), scorer, COUNT - 1, ["mean_nll"]) is None
    assert stored_clip_calibration(at_step(tmp_path, step=4), scorer, COUNT, ["mean_nll"]) is None


def test_a_damaged_calibration_is_made_again(tiny_run, scorer, tmp_path):
    clip_calibration(at_step(tmp_path), scorer, tiny_run.source, COUNT)
    path = tmp_path / "checkpoints" / "calibration.npz"
    shutil.copy(path, tmp_path / "whole.npz")
    path.write_bytes(path.read_bytes()[:-100])
    clip_calibration(at_step(tmp_path), scorer, tiny_run.source, COUNT)
    with np.load(path) as again, np.load(tmp_path / "whole.npz") as whole:
        np.testing.assert_array_equal(again["score/mean_nll"], whole["score/mean_nll"])


def test_a_calibration_without_a_score_is_made_again(tiny_run, scorer, tmp_path):
    trained = at_step(tmp_path)
    whole = clip_calibration(trained, scorer, tiny_run.source, COUNT)
    older = {name: np.zeros(COUNT) for name in DISTRIBUTION_SCORES if name != "erased_z"}
    trained.keep_calibration(made_with(trained, scorer, COUNT), older)
    assert stored_clip_calibration(trained, scorer, COUNT, derived_from(score_names(scorer.system)))
    again = clip_calibration(trained, scorer, tiny_run.source, COUNT)
    assert again.scores.keys() == whole.scores.keys()
    for name, score_N in whole.scores.items():
        np.testing.assert_array_equal(again.scores[name], score_N)


def test_a_calibration_without_a_score_of_hidden_blocks_is_none(tmp_path):
    config = tiny.tiny_config(system="block_inpainting")
    scorer = build_scorer(config, build_system(config), {})
    trained, older = at_step(tmp_path), {name: np.zeros(COUNT) for name in BLOCK_SCORES}
    del older["detail_excess"]
    trained.keep_calibration(made_with(trained, scorer, COUNT), older)
    for needed in (score_names(scorer.system), derived_from(score_names(scorer.system))):
        assert stored_clip_calibration(trained, scorer, COUNT, needed) is None


def test_a_new_score_leaves_the_package_s_weights_scoring(another_score):
    """Derived scores need nothing of it; only an evaluation, which has a threshold for each, does."""
    folder = exported_weights.PRETRAINED_FOLDER
    config = exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)
    trained = trained_export(config, folder)
    scorer, count = trained.scorer(config), config.evaluate.calibration_sequences
    names = score_names(scorer.system)
    assert names[-1] == another_score.name
    assert "any" in stored_clip_calibration(trained, scorer, count, derived_from(names)).scores
    assert stored_clip_calibration(trained, scorer, count, names) is None


def test_what_is_stored_says_what_it_was_made_with_once(tiny_run, scorer, tmp_path):
    clip_calibration(at_step(tmp_path), scorer, tiny_run.source, COUNT)
    used = {"step": 3, "masks": tiny_run.config.score.masks, "calibration_sequences": COUNT}
    assert calibration_file.load(tmp_path / "checkpoints", used, DISTRIBUTION_SCORES) is not None
