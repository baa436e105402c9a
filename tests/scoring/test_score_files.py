"""A file of sequences is scored where it fits, by a stored calibration of what derived scores need."""

import csv
import dataclasses

import numpy as np
import pytest

from tests.score_columns import DISTRIBUTION_SCORES
from tests.scoring.scored_file import score_file
from tests.tiny import stored_run, tiny_config
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.clip_calibration import made_with
from vpn_anomaly.scoring.sequence_scores import build_score_settings
from vpn_anomaly.scoring.trained_model import TrainedModel, trained_run


@pytest.fixture
def settings(tiny_run):
    return build_score_settings(tiny_run.config)


@pytest.mark.parametrize(
    "shape, said",
    [
        ((2, 8, 28, 32), "height 28"),
        ((2, 8, 32, 36), "width 36"),
        ((2, 8, 32, 32, 3), "channels 3"),
        ((2, 3, 32, 32), "3 frames"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(scorer, settings, tmp_path, shape, said):
    np.save(tmp_path / "clips.npy", np.zeros(shape, np.uint8))
    trained = TrainedModel.in_run(tmp_path, None, {"step": 1})
    with pytest.raises(UserError, match=said):
        score_file(trained, scorer, settings, tmp_path / "clips.npy", tmp_path / "scores.csv")
    assert not (tmp_path / "scores.csv").exists()


def test_only_what_any_is_made_of_has_to_be_calibrated(scorer, settings, clips, tmp_path):
    def training_data():
        raise AssertionError("the data of the training are not needed")

    trained = TrainedModel.in_run(tmp_path, None, {"step": 1})
    used = made_with(trained, scorer, settings.calibration_sequences)
    names = ("tail_mean", "missing_z", "intruding_z")
    trained.keep_calibration(used, {name: np.arange(6.0) for name in names})
    np.save(tmp_path / "clips.npy", clips)
    settings = dataclasses.replace(settings, open_source=training_data)
    score_file(trained, scorer, settings, tmp_path / "clips.npy", tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == ("sequence", "frame", *DISTRIBUTION_SCORES, "any")
    assert len(rows) == len(clips)


def test_a_model_that_scores_what_is_shown_has_columns_and_maps_of_it(clips, tmp_path):
    run = stored_run(tmp_path / "run", tiny_config(train__mask_dropout=0.5))
    trained, settings = trained_run(run.config, run.directory), build_score_settings(run.config)
    np.save(tmp_path / "clips.npy", clips)
    paths = tmp_path / "clips.npy", tmp_path / "scores.csv", tmp_path / "maps.npz"
    score_file(trained, trained.scorer(run.config), settings, *paths)
    with open(paths[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = (*DISTRIBUTION_SCORES, "joint_nll", "surprise_of_shown", "any", "any_joint")
    assert tuple(rows[0]) == ("sequence", "frame", *columns)
    maps = np.load(paths[2])
    assert maps["shown"].dtype == bool and {"joint", "surprise_of_shown"} <= set(maps)
    given = [float(row["joint_nll"]) for row in rows]
    np.testing.assert_allclose(given, maps["joint"].mean((1, 2)), rtol=1e-4)
