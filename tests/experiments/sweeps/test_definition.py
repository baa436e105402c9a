"""Sweep files: what they may hold, what is told of a broken one, and the one of the ablations."""

import pathlib

import pytest

from configs import quick, table
from experiments.sweeps.definition import Definition, load_definition, run_config
from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[3]
SMALLEST = "CONFIG = 'configs/quick.py'\nRUNS = {'base': {}}\n"


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def written(tmp_path, text):
    path = tmp_path / "some.py"
    path.write_text(text)
    return path


def test_all_values_are_read(tmp_path):
    text = (
        "NAME = 'table'\nCONFIG = 'configs/cpu.py:debug'\nCOMMON = {'train.steps': 5}\n"
        "RUNS = {'b': {'train.steps': 6}, 'a': {}}\nSEEDS = (2, 1)\nSTORED_SCORES = ('any',)\n"
        "LEARNING_RATES = (1e-3,)\nCANDIDATES = {'c': {'train.steps': 7}}\n"
    )
    assert load_definition(written(tmp_path, text)) == Definition(
        "table",
        "configs/cpu.py:debug",
        {"train.steps": 5},
        {"b": {"train.steps": 6}, "a": {}},
        (2, 1),
        ("any",),
        learning_rates=(1e-3,),
        candidates={"c": {"train.steps": 7}},
    )


def test_what_may_be_left_out(tmp_path):
    definition = load_definition(written(tmp_path, SMALLEST))
    assert (definition.name, definition.common, definition.seeds) == ("some", {}, (0,))
    assert "mean_nll" in definition.stored_scores


@pytest.mark.parametrize(
    "text, told",
    [
        ("RUNS = {", "SyntaxError"),
        ("import nowhere", "ModuleNotFoundError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("CONFIG = 'configs/quick.py'", "has no RUNS"),
        ("RUNS = {'base': {}}", "has no CONFIG"),
        (SMALLEST + "RUNS = {}", "one or more rows"),
        (SMALLEST + "RUNS = {'a/b': {}}", "'a/b'"),
        (SMALLEST + "RUNS = {'..': {}}", "'..'"),
        (SMALLEST + "RUNS = {'base': 3}", "base is 3"),
        (SMALLEST + "LEARNING_RATES = 1e-3", "LEARNING_RATES is 0.001"),
        (SMALLEST + "CANDIDATES = {'base': 3}", "CANDIDATES"),
        (SMALLEST + "RUNS = {'base': {'seed': 3}}", "SEEDS"),
        (SMALLEST + "COMMON = ['train.steps']", "COMMON"),
        (SMALLEST + "SEEDS = (0, -1)", "SEEDS"),
        (SMALLEST + "SEEDS = 3", "SEEDS"),
        (SMALLEST + "NAME = '../x'", "NAME"),
        (SMALLEST + "STORED_SCORES = 'any'", "STORED_SCORES"),
        (SMALLEST + "CONFIG = 3", "CONFIG"),
    ],
)
def test_a_broken_file_is_told_in_one_line(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        load_definition(path)
    line = str(error.value)
    assert told in line and str(path) in line and "\n" not in line


def test_a_missing_file_and_one_that_is_no_text(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load_definition(tmp_path / "no.py")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not a text file"):
        load_definition(tmp_path / "bytes.py")


def made(overrides, config="configs/quick.py:debug", common={}):
    return Definition("some", config, common, {"base": overrides}, (0,), ("any",))


def test_a_row_wins_over_what_is_common():
    definition = made({"train.steps": 7}, common={"train.steps": 5, "score.masks": 3})
    config = run_config(definition, "base", 4)
    expected = quick.get_config("debug")
    expected.train.steps, expected.score.masks, expected.seed = 7, 3, 4
    assert config.to_dict() == expected.to_dict()
    # Every call gives a config of its own.
    assert run_config(made({}), "base", 0).train.steps == quick.get_config("debug").train.steps


@pytest.mark.parametrize(
    "overrides, told",
    [
        ({"model.width": 3}, "no config field 'model.width'"),
        ({"model": 3}, "no config field 'model'"),
        ({"train.steps": "many"}, "train.steps is 'many', but has to be a whole number"),
        ({"train.targets": 10}, "train.targets is"),
        ({"model.context": 12}, "train.targets"),  # its first is 10
        ({"train.learning_rate": -1.0}, "train.learning_rate"),
        (
            {"data.source": "video", "data.path": "x", "detector.members": ("motion",)},
            "a run of a sweep has one model",
        ),
    ],
)
def test_what_a_row_cannot_set(overrides, told):
    with pytest.raises(UserError) as error:
        run_config(made(overrides), "base", 0)
    assert told in str(error.value) and "row base" in str(error.value)
    assert "\n" not in str(error.value)


def test_base_configs_that_cannot_be_used(tmp_path):
    with pytest.raises(UserError, match="no config variant 'tiny'"):
        run_config(made({}, "configs/quick.py:tiny"), "base", 0)
    path = tmp_path / "other.py"
    path.write_text("import ml_collections\nget_config = lambda: ml_collections.ConfigDict({'x': 1})\n")
    for overrides in ({}, {"train.steps": 3}):
        with pytest.raises(UserError):
            run_config(made(overrides, str(path)), "base", 0)


ABLATIONS = ROOT / "experiments/definitions/ablations.py"


def test_the_ablations_start_from_the_documented_config():
    assert load_definition(ABLATIONS).runs["base"] == {}
    assert (
        configuration.differences(run_config(load_definition(ABLATIONS), "base", 0), table.get_config()) == []
    )


@pytest.mark.parametrize("row", [name for name in load_definition(ABLATIONS).runs if name != "base"])
def test_every_ablation_can_run_and_changes_one_thing(row):
    definition = load_definition(ABLATIONS)
    changed = configuration.differences(run_config(definition, row, 0), run_config(definition, "base", 0))
    assert changed == list(definition.runs[row]) and len(changed) == 1
