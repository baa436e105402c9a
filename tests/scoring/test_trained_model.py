"""What was trained is found where it is kept, whole; calibration is stored and found again."""

import shutil

import jax
import numpy as np
import pytest

from vpn_anomaly import config as configuration
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.clip_calibration import clip_calibration, made_with, stored_clip_calibration
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel, trained_export, trained_run
from vpn_anomaly.storage import calibration_file, exported_weights, named_arrays

LAST, COUNT = 7, 6


def at_step(directory, step):
    """A run that is at a step, as far as its calibration is concerned."""
    return TrainedModel.in_run(directory, None, {"step": step})


def test_the_restored_scorer_is_the_saved_one(tiny_run, scorer, clips):
    trained = trained_run(tiny_run.config, tiny_run.directory)
    assert trained.metadata["step"] == tiny_run.step
    jax.tree.map(np.testing.assert_array_equal, trained.params, tiny_run.params)
    restored = trained.scorer(tiny_run.config)
    saved, again = scorer.scores(clips[:2], LAST), restored.scores(clips[:2], LAST)
    np.testing.assert_array_equal(saved["missing_z"], again["missing_z"])


def test_without_a_checkpoint_nothing_was_trained(tiny_run, tmp_path):
    with pytest.raises(UserError, match="nothing was trained"):
        trained_run(tiny_run.config, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.unlink(),
    ],
)
def test_without_a_whole_checkpoint_nothing_is_scored(tiny_run, tmp_path, change):
    shutil.copytree(tiny_run.directory / "checkpoints", tmp_path / "checkpoints")
    files = [path for path in (tmp_path / "checkpoints").rglob("*") if path.is_file()]
    change(max(files, key=lambda path: path.stat().st_size))
    with pytest.raises(UserError, match="checkpoint"):
        trained_run(tiny_run.config, tmp_path)


def test_a_checkpoint_of_another_model_is_refused(tiny_run):
    config = tiny_run.config.copy_and_resolve_references()
    config.model.lstm.channels = 6
    with pytest.raises(UserError, match="conv_lstm"):
        trained_run(config, tiny_run.directory)


# --- exported checkpoints


@pytest.fixture(scope="module")
def export(tiny_run, scorer, tmp_path_factory):
    """A folder with the tiny run's parameters, its calibration of validation sequences, its config."""
    folder = tmp_path_factory.mktemp("export")
    about = {
        "config": configuration.as_dict(tiny_run.config),
        "step": tiny_run.step,
        "sequences_seen": 8,
        "wall_seconds": 100.0,
        "commit": "abc",
        "hardware": {},
    }
    clips = evaluation_clips(tiny_run.source, "validation", COUNT).clip
    used = made_with(at_step(folder, tiny_run.step), scorer, COUNT)
    calibration_file.save(folder, used, scorer.scores(clips, LAST))
    exported_weights.write(folder, named_arrays.host_arrays(tiny_run.params), about)
    return folder


def test_an_export_is_the_run_to_the_bit(tiny_run, export, scorer, clips):
    trained = trained_export(tiny_run.config, export)
    jax.tree.map(np.testing.assert_array_equal, trained.params, tiny_run.params)
    expected = scorer.scores(clips, LAST)
    for name, score_N in trained.scorer(tiny_run.config).scores(clips, LAST).items():
        np.testing.assert_array_equal(score_N, expected[name])


def test_the_calibration_of_an_export_is_used_only_for_what_it_was_made_with(
    tiny_run, export, scorer, tmp_path
):
    config, names = tiny_run.config, score_names(scorer.system)
    before = {path.name: path.read_bytes() for path in export.iterdir()}
    nowhere = trained_export(config, export)
    trained = nowhere.keeping_in(tmp_path)
    assert len(stored_clip_calibration(trained, scorer, COUNT, names).scores["any"]) == COUNT
    assert stored_clip_calibration(trained, scorer, 4, names) is None
    assert len(clip_calibration(nowhere, scorer, tiny_run.source, 4).scores["any"]) == 4
    assert not list(tmp_path.iterdir())
    made = clip_calibration(trained, scorer, tiny_run.source, 4)
    found = stored_clip_calibration(trained, scorer, 4, names)
    np.testing.assert_array_equal(made.scores["any"], found.scores["any"])
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.npz"]
    assert before == {path.name: path.read_bytes() for path in export.iterdir()}


def test_an_export_of_another_model_is_refused(tiny_run, export):
    config = tiny_run.config.copy_and_resolve_references()
    config.model.lstm.channels = 6
    with pytest.raises(UserError, match="another model: .*conv_lstm.*commit abc"):
        trained_export(config, export)


def test_a_calibration_that_cannot_be_kept_is_told_in_one_line(tmp_path, caplog):
    """As of a run on a disk that cannot be written: scoring goes on."""
    (tmp_path / "file").touch()
    trained = TrainedModel(None, {"step": 1}, (), tmp_path / "file" / "checkpoints")
    trained.keep_calibration({"step": 1}, {"any": np.ones(3)})
    (record,) = caplog.records
    assert "the calibration is not kept: cannot write" in record.getMessage()
    TrainedModel(None, {"step": 1}, (), None).keep_calibration({"step": 1}, {"any": np.ones(3)})
    assert len(caplog.records) == 1


def test_a_detector_is_no_single_model(tiny_run, tmp_path):
    config = tiny_run.config.copy_and_resolve_references()
    config.detector.members = ("motion", "appearance")
    with pytest.raises(
        UserError, match="a detector of motion, appearance; give one of these, such as .*motion"
    ):
        trained_run(config, tmp_path)
