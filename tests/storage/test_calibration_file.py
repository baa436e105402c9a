"""Stored calibrations: what they serve for, and every kind of damage."""

import json
import os
import random

import numpy as np
import pytest

from tests.score_columns import DISTRIBUTION_SCORES
from tests.storage.damage import flip, nested, truncate
from vpn_anomaly.files import checksums
from vpn_anomaly.storage import calibration_file, exported_weights

MADE_WITH = {"step": 200, "masks": 4, "windows": (3, 5)}


def test_calibration_comes_back_for_what_it_was_made_with(tmp_path):
    scores = {"mean_nll": np.linspace(0, 1, 50), "any": np.arange(50, dtype=np.float32)}
    directory = tmp_path / "checkpoints"
    calibration_file.save(directory, MADE_WITH, scores)
    loaded = calibration_file.load(directory, MADE_WITH)
    assert list(loaded) == list(scores)
    for name in scores:
        np.testing.assert_array_equal(loaded[name], scores[name])
        assert loaded[name].dtype == scores[name].dtype
    assert calibration_file.load(directory, {**MADE_WITH, "masks": 2}) is None
    assert calibration_file.load(tmp_path, MADE_WITH) is None
    assert os.listdir(directory) == ["calibration.npz"]


def test_a_calibration_serves_where_it_has_all_that_is_needed(tmp_path):
    calibration_file.save(tmp_path, MADE_WITH, {"mean_nll": np.ones(3), "tail_mean": np.ones(3)})
    assert calibration_file.load(tmp_path, MADE_WITH, ["tail_mean"]).keys() == {"mean_nll", "tail_mean"}
    assert calibration_file.load(tmp_path, MADE_WITH, ["tail_mean", "detail_excess"]) is None


def test_older_records_say_their_scores_twice(tmp_path):
    calibration_file.save(
        tmp_path, {**MADE_WITH, "scores": ["mean_nll", "frame_error"]}, {"mean_nll": np.ones(3)}
    )
    assert calibration_file.load(tmp_path, MADE_WITH, ["mean_nll"]) is not None
    assert calibration_file.load(tmp_path, MADE_WITH, ["frame_error"]) is None


def test_the_calibration_in_the_package_is_of_its_weights():
    folder = exported_weights.PRETRAINED_FOLDER
    about = exported_weights.read_about(folder)
    made_with = {
        "step": about["step"],
        "masks": about["config"]["score"]["masks"],
        "calibration_sequences": about["config"]["evaluate"]["calibration_sequences"],
    }
    assert calibration_file.load(folder, made_with, DISTRIBUTION_SCORES).keys() == set(DISTRIBUTION_SCORES)


def test_damaged_calibration_is_none_and_one_line(tmp_path, caplog):
    scores = {"mean_nll": np.random.default_rng(0).normal(size=50)}
    calibration_file.save(tmp_path, MADE_WITH, scores)
    path, rng, noticed = tmp_path / "calibration.npz", random.Random(2), 0
    whole = path.read_bytes()
    for damage in [flip] * 30 + [truncate] * 10:
        path.write_bytes(whole)
        damage(path, rng)
        caplog.clear()
        loaded = calibration_file.load(tmp_path, MADE_WITH)
        if loaded is None:
            noticed += 1
            assert len(caplog.records) == 1 and "made again" in caplog.text
        else:  # a bit that zip and npy headers do not use
            np.testing.assert_array_equal(loaded["mean_nll"], scores["mean_nll"])
    assert noticed > 20


CALIBRATIONS = {
    "no made_with": ({"arrays": {}}, {}),
    "made_with is text": ({"made_with": "x"}, {"any": np.ones(3)}),
    "no scores": ({"made_with": {"step": 1}}, {}),
    "empty scores": ({"made_with": {"step": 1}}, {"any": np.ones(0)}),
    "scores of text": ({"made_with": {"step": 1}}, {"any": np.array(["a", "b"])}),
    "scores without numbers": ({"made_with": {"step": 1}}, {"any": np.full(3, np.nan)}),
    "two dimensions": ({"made_with": {"step": 1}}, {"any": np.ones((2, 2))}),
    "nested": ({"made_with": {"step": nested(400)}}, {"any": np.ones(3)}),
}


@pytest.mark.parametrize("record, scores", CALIBRATIONS.values(), ids=CALIBRATIONS)
def test_a_sealed_calibration_of_another_content_is_made_again(tmp_path, caplog, record, scores):
    sealed = checksums.with_checksum({"arrays": checksums.of_arrays(scores), **record})
    arrays = {f"score/{name}": array for name, array in scores.items()}
    np.savez(tmp_path / "calibration.npz", record=np.array(json.dumps(sealed)), **arrays)
    assert calibration_file.load(tmp_path, {"step": 1}) is None
    assert len(caplog.records) == 1 and "made again" in caplog.text
