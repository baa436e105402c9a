"""An exported checkpoint: what is read is what was written, and every damage is found."""

import hashlib
import json

import numpy as np
import pytest

from vpn_anomaly.config import as_dict, defaults, differences
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import calibration_file, exported_weights

WEIGHTS = {
    "encoder/kernel": np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32),
    "bias": np.float32([0.1, -2.0, 3e-7]),
}
MADE_WITH = {"step": 5, "masks": 2, "calibration_sequences": 3}
FILES = (exported_weights.ABOUT, exported_weights.CALIBRATION, exported_weights.WEIGHTS)


def write(folder, weights=WEIGHTS, **about):
    calibration_file.save(folder, MADE_WITH, {"mean_nll": np.float32([1, 2, 3])})
    exported_weights.write(folder, weights, {"config": as_dict(defaults()), "step": 5, **about})
    return folder


def read(folder):
    return exported_weights.read_weights(folder, exported_weights.read_about(folder))


def test_three_files_that_numpy_and_json_read(tmp_path):
    write(tmp_path, commit="abc")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    about = json.loads((tmp_path / "about.json").read_text())
    assert (about["step"], about["commit"]) == (5, "abc")
    with np.load(tmp_path / "weights.npz") as stored:
        assert set(stored) == set(WEIGHTS) == set(about["arrays"])
        for name, array in WEIGHTS.items():
            np.testing.assert_array_equal(stored[name], array)
            expected = hashlib.sha256(array.tobytes()).hexdigest()
            assert about["arrays"][name]["sha256"] == expected
    scores = calibration_file.load(tmp_path, MADE_WITH)
    np.testing.assert_array_equal(scores["mean_nll"], [1, 2, 3])


@pytest.mark.parametrize("dtype", exported_weights.DTYPES)
def test_weights_are_float32_when_they_are_read(tmp_path, dtype):
    rounded = {name: array.astype(dtype) for name, array in WEIGHTS.items()}
    found = read(write(tmp_path, rounded))
    assert set(found) == set(WEIGHTS)
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, rounded[name].astype(np.float32))


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_cut_or_missing_file_is_found(tmp_path, name):
    path = write(tmp_path) / name
    whole = path.read_bytes()
    flips = np.random.default_rng(1).integers(len(whole), size=20)
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in flips]
    for damaged in (*flipped, whole[:-2], whole[: len(whole) // 2], b""):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=f"(?s)^the checkpoint in .*damaged: .*{name}") as error:
            read(tmp_path)
        assert "\n" not in str(error.value)
    path.unlink()
    with pytest.raises(UserError, match=f"damaged: .*{name}"):
        read(tmp_path)


def test_files_that_do_not_belong_together_are_found(tmp_path):
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other", {**WEIGHTS, "bias": np.float32([0.1, -2.0, 4e-7])})
    write(tmp_path)
    (other / "about.json").write_bytes((tmp_path / "about.json").read_bytes())
    with pytest.raises(UserError, match="weights.npz"):
        read(other)


def test_the_folder_of_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(exported_weights, "PRETRAINED_FOLDER", tmp_path / "none")
    with pytest.raises(UserError, match="no pretrained weights"):
        exported_weights.folder_of("pretrained")
    with pytest.raises(UserError, match="'pretraind'.*'pretrained'"):
        exported_weights.folder_of("pretraind")
    write(tmp_path)
    monkeypatch.setattr(exported_weights, "PRETRAINED_FOLDER", tmp_path)
    assert exported_weights.folder_of("pretrained") == exported_weights.folder_of(str(tmp_path)) == tmp_path


def test_a_stored_config_comes_back(tmp_path):
    config = defaults()
    config.train.targets, config.model.stem, config.data.speed = (13,), 2, (0.0, 0.5)
    stored = json.loads(json.dumps(as_dict(config)))
    assert not differences(exported_weights.stored_config(stored, tmp_path), config)
    del stored["score"]["masks"]
    assert exported_weights.stored_config(stored, tmp_path).score.masks == defaults().score.masks


@pytest.mark.parametrize(
    "field, value",
    [
        ("stepz", 3),
        ("steps", "many"),
        ("steps", 0),
        ("steps", {"of": 3}),
    ],
)
def test_a_config_of_another_version_is_told_in_one_line(tmp_path, field, value):
    stored = as_dict(defaults())
    stored["train"][field] = value
    with pytest.raises(UserError, match=f"not one of this version.*{field}") as error:
        exported_weights.stored_config(stored, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_the_weights_in_the_package_score_as_when_they_were_calibrated():
    from vpn_anomaly.data.build import build_source
    from vpn_anomaly.data.pipeline import evaluation_clips
    from vpn_anomaly.scoring.clip_calibration import made_with
    from vpn_anomaly.scoring.trained_model import trained_export

    folder = exported_weights.folder_of("pretrained")
    about = exported_weights.read_about(folder)
    config = exported_weights.stored_config(about["config"], folder)
    trained = trained_export(config, folder)
    assert about["step"] == config.train.steps
    scorer = trained.scorer(config)
    used = made_with(trained, scorer, config.evaluate.calibration_sequences)
    stored = calibration_file.load(folder, used)
    clips = evaluation_clips(build_source(config.data), "validation", 2).clip
    for name, score_N in scorer.scores(clips, clips.shape[1] - 1).items():
        np.testing.assert_allclose(score_N, stored[name][:2], rtol=1e-3, atol=1e-4)
