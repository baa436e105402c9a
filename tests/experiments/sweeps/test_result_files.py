"""Stored results: what is kept of a run, and what counts as stored."""

import json

import numpy as np
import pytest

from experiments.sweeps import result_files
from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError

RESULTS = {"corruptions": {"temporal": {}, "both": {}}, "steps": 4, "wall_seconds": 2.5}
WANTED = ("mean_nll", "any", "frame_error")


@pytest.fixture
def config():
    config = configuration.defaults()
    config.train.targets, config.seed = (19,), 2
    return config


@pytest.fixture
def run(tmp_path, config):
    """A run's folder, its results, and its scores in float64."""
    random = np.random.default_rng(0)
    scores = {
        f"{group}/{name}": random.normal(size=40)
        for group in ("normal", "temporal", "both")
        for name in ("mean_nll", "any", "constant")
    }
    np.savez(tmp_path / "scores.npz", **scores)
    return tmp_path, {**RESULTS, "config": configuration.as_dict(config)}, scores


@pytest.fixture
def place(run, tmp_path):
    place = tmp_path / "results/table/ours/seed2.json"
    result_files.store(run[0], run[1], "ours", 2, place, WANTED)
    return place


def test_results_and_wanted_scores_are_kept(run, place, config):
    assert json.loads(place.read_text()) == {**run[1], "name": "ours", "seed": 2}
    with np.load(place.with_suffix(".npz")) as kept:
        assert sorted(kept) == sorted(name for name in run[2] if not name.endswith("constant"))
        for name in kept:
            assert kept[name].dtype == np.float32
            np.testing.assert_array_equal(kept[name], run[2][name].astype("float32"))
    assert result_files.is_stored(place, "ours", 2, config)
    assert sorted(path.name for path in place.parent.iterdir()) == ["seed2.json", "seed2.npz"]


def test_nothing_is_stored_yet(tmp_path, config):
    assert not result_files.is_stored(tmp_path / "seed0.json", "ours", 0, config)


@pytest.mark.parametrize("length", [0, 10, 200, -1])
@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_what_was_cut_is_not_stored(place, config, suffix, length):
    path = place.with_suffix(suffix)
    path.write_bytes(path.read_bytes()[: length - (suffix == ".json" and length < 0)])
    assert not result_files.is_stored(place, "ours", 2, config)


def test_any_flipped_bit_in_the_scores_is_seen(place, config):
    path = place.with_suffix(".npz")
    with np.load(path) as kept:
        before = dict(kept)
    whole = path.read_bytes()
    for position in np.random.default_rng(1).integers(0, len(whole), 200):
        broken = bytearray(whole)
        broken[position] ^= 4
        path.write_bytes(broken)
        if result_files.is_stored(place, "ours", 2, config):  # a field of the archive that holds no data
            with np.load(path) as kept:
                np.testing.assert_equal(dict(kept), before)


def test_a_missing_file_or_group_is_not_stored(place, config):
    path = place.with_suffix(".npz")
    with np.load(path) as kept:
        arrays = dict(kept)
    path.unlink()
    assert not result_files.is_stored(place, "ours", 2, config)
    for missing in ("normal/any", "both/mean_nll"):
        np.savez(path, **{name: array for name, array in arrays.items() if name != missing})
        assert not result_files.is_stored(place, "ours", 2, config)
    np.savez(path, **arrays)
    assert result_files.is_stored(place, "ours", 2, config)


def test_another_config_is_an_error_that_names_the_fields(place, config):
    config.train.targets, config.data.speed = (10, 19), (0.1, 0.2)
    with pytest.raises(UserError) as error:
        result_files.is_stored(place, "ours", 2, config)
    line = str(error.value)
    assert "train.targets (19,) there and (10, 19) here" in line and "data.speed" in line
    assert "train.steps" not in line and "--results" in line and "delete" in line
    assert str(place) in line and "\n" not in line


def test_a_field_that_is_newer_than_the_results_counts_as_its_default(place, config):
    content = json.loads(place.read_text())
    del content["config"]["score"]
    place.write_text(json.dumps(content))
    assert result_files.is_stored(place, "ours", 2, config)
    config.score.masks += 1
    with pytest.raises(UserError, match="score.masks"):
        result_files.is_stored(place, "ours", 2, config)


def test_another_rows_results_are_not_taken(place, config):
    assert not result_files.is_stored(place, "theirs", 2, config)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: np.savez(path, **{"normal/constant": np.zeros(3)}),
        lambda path: np.savez(path, **{"normal/any": np.zeros(3), "temporal/any": np.zeros(3)}),
    ],
)
def test_broken_scores_are_not_kept(run, break_it):
    break_it(run[0] / "scores.npz")
    with pytest.raises(UserError, match="delete .*results.json"):
        result_files.store(run[0], run[1], "ours", 2, run[0] / "r/seed2.json", WANTED)
    assert not (run[0] / "r").exists()


def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"):
        result_files.store(run[0], run[1], "ours", 2, tmp_path / "file/r/seed2.json", WANTED)
