"""Scores of clips do not depend on how they are batched; calibration is stored and found again."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest

from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.calibration import Calibration
from vpn_anomaly.evaluation.scores import SCORES
from vpn_anomaly.evaluation.scoring import (
    build_scorer,
    calibration,
    restore_scorer,
    stored_calibration,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAST = 7


@pytest.fixture(scope="module")
def clips(tiny_run):
    return evaluation_clips(tiny_run.source, "test", 5).clip


@pytest.fixture(scope="module")
def scorer(tiny_run):
    return build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)


def test_scores_do_not_depend_on_the_batch_size(scorer, clips):
    counts = []
    in_twos = scorer.scores(clips, LAST, counts.append)
    at_once = dataclasses.replace(scorer, batch_size=7).scores(clips, LAST)
    assert counts == [2, 2, 1]
    assert set(in_twos) == set(SCORES)
    for name, score_N in in_twos.items():
        assert score_N.shape == (5,) and len(np.unique(score_N)) == 5
        np.testing.assert_allclose(score_N, at_once[name], rtol=1e-5, atol=1e-5)


def test_mean_nll_is_the_mean_over_masks_then_pixels(tiny_run, scorer, clips):
    """One mask at a time through the system, averaged by hand."""
    shift_Mx2 = fixed_shifts(2, (4, 5))
    one_mask = jax.jit(lambda clip, shift_1x2: tiny_run.system.maps(
        tiny_run.params, clip, shift_1x2, (LAST,)))
    total, times = 0, 0
    for shift in shift_Mx2:
        maps = one_mask(clips[:2], shift[None])
        counted = np.asarray(maps.counted[:, 0])
        total = total + np.where(counted, np.asarray(maps.value["nll"][:, 0]), 0)
        times = times + counted
    expected = (total / times).mean((1, 2))
    np.testing.assert_allclose(scorer.scores(clips[:2], LAST)["mean_nll"], expected, rtol=1e-5)


def test_every_frame_is_scored_by_itself_and_those_before(scorer, clips):
    frames = (3, 4, 5, 6, 7)
    (scores, maps), *_ = scorer.batches(clips[:2], frames)
    assert maps.value["tail"].shape == (2, 5, 32, 32)
    last = scorer.scores(clips[:2], LAST)
    changed = clips[:2].copy()
    changed[:, 5] = 255 - changed[:, 5]
    (other, _), *_ = scorer.batches(changed, frames)
    for name in SCORES:
        np.testing.assert_allclose(scores[name][:, 4], last[name], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(scores[name][:, :2], other[name][:, :2])
        assert (scores[name][:, 2:] != other[name][:, 2:]).all()


def test_the_restored_scorer_is_the_saved_one(tiny_run, scorer, clips):
    restored, metadata = restore_scorer(tiny_run.config, tiny_run.directory)
    assert metadata["step"] == tiny_run.step
    jax.tree.map(np.testing.assert_array_equal, restored.params, tiny_run.params)
    saved, again = scorer.scores(clips[:2], LAST), restored.scores(clips[:2], LAST)
    np.testing.assert_array_equal(saved["missing_z"], again["missing_z"])


def test_without_a_checkpoint_nothing_was_trained(tiny_run, tmp_path):
    with pytest.raises(UserError, match="nothing was trained"):
        restore_scorer(tiny_run.config, tmp_path)


def test_calibration_is_computed_once_and_stored(tiny_run, scorer, tmp_path):
    made = calibration(tiny_run.config, tmp_path, scorer, tiny_run.source, 3)
    clips = evaluation_clips(tiny_run.source, "validation", 6).clip
    expected = Calibration.fit(scorer.scores(clips, LAST))
    found = calibration(tiny_run.config, tmp_path, scorer=None, source=None, step=3)
    assert set(made.scores) == {*SCORES, "any"}
    for name, score_N in expected.scores.items():
        np.testing.assert_array_equal(made.scores[name], score_N)
        np.testing.assert_array_equal(found.scores[name], score_N)


@pytest.mark.parametrize("change", [
    {"score.masks": 3}, {"evaluate.calibration_sequences": 5}, {},
])
def test_a_calibration_of_something_else_is_not_used(tiny_run, scorer, tmp_path, change):
    calibration(tiny_run.config, tmp_path, scorer, tiny_run.source, 3)
    config = tiny_run.config.copy_and_resolve_references()
    config.update_from_flattened_dict(change)
    step = 3 if change else 4
    assert stored_calibration(config, tmp_path, step) is None


def test_a_damaged_calibration_is_made_again(tiny_run, scorer, tmp_path):
    calibration(tiny_run.config, tmp_path, scorer, tiny_run.source, 3)
    path = tmp_path / "checkpoints" / "calibration.npz"
    shutil.copy(path, tmp_path / "whole.npz")
    path.write_bytes(path.read_bytes()[:-100])
    calibration(tiny_run.config, tmp_path, scorer, tiny_run.source, 3)
    with np.load(path) as again, np.load(tmp_path / "whole.npz") as whole:
        np.testing.assert_array_equal(again["score/mean_nll"], whole["score/mean_nll"])


# Fake devices have to be asked for before jax starts: each number of them has its own process.
SCORES_PROGRAM = """
import json, pathlib, sys, jax, numpy as np
jax.config.update("jax_num_cpu_devices", int(sys.argv[1]))
from vpn_anomaly import config as configuration
from vpn_anomaly.evaluation.scoring import restore_scorer
directory = pathlib.Path(sys.argv[2])
config = configuration.defaults()
stored = json.loads((directory / "config.json").read_text())
config.update_from_flattened_dict(configuration.flat(stored))
scorer, _ = restore_scorer(config, directory)
scores = scorer.scores(np.load(sys.argv[3]), 7)
print(json.dumps([jax.device_count(), {name: score.tolist() for name, score in scores.items()}]))
"""


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_devices(tiny_run, clips, tmp_path):
    np.save(tmp_path / "clips.npy", clips)
    given = [str(tiny_run.directory), str(tmp_path / "clips.npy")]
    (one, expected), (two, scores) = (
        json.loads(subprocess.run(
            [sys.executable, "-c", SCORES_PROGRAM, devices, *given],
            capture_output=True, text=True, check=True, cwd=ROOT,
        ).stdout)
        for devices in ("1", "2")
    )
    assert (one, two) == (1, 2) and set(scores) == set(SCORES)
    for name in SCORES:
        np.testing.assert_allclose(scores[name], expected[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("change", [
    lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: path.unlink(),
])
def test_without_a_whole_checkpoint_nothing_is_scored(tiny_run, tmp_path, change):
    shutil.copytree(tiny_run.directory / "checkpoints", tmp_path / "checkpoints")
    files = [path for path in (tmp_path / "checkpoints").rglob("*") if path.is_file()]
    change(max(files, key=lambda path: path.stat().st_size))
    with pytest.raises(UserError, match="checkpoint"):
        restore_scorer(tiny_run.config, tmp_path)


def test_a_checkpoint_of_another_model_is_refused(tiny_run):
    config = tiny_run.config.copy_and_resolve_references()
    config.model.lstm.channels = 6
    with pytest.raises(UserError, match="conv_lstm"):
        restore_scorer(config, tiny_run.directory)
