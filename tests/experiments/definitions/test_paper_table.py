"""The committed table: README says what the results give, and the rule of the runs was kept."""

import json
import pathlib

import pytest

from experiments import table
from experiments.sweeps.definition import load_definition, run_config
from vpn_anomaly.storage import config_changes

ROOT = pathlib.Path(__file__).parents[3]
DEFINITION = ROOT / "experiments/definitions/paper_table.py"
RESULTS = ROOT / "experiments/results"


def test_readme_shows_the_stored_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert table.main(["--check"]) == 0


def losses():
    stored = json.loads((RESULTS / "paper_table/learning_rates.json").read_text())
    return stored["losses"]


@pytest.mark.parametrize("row", load_definition(DEFINITION).runs)
def test_a_row_has_the_rate_that_did_best_on_validation(row):
    tried = losses()[row]
    assert set(map(float, tried)) == {1e-3, 3e-3}
    config = run_config(load_definition(DEFINITION), row, 0)
    assert config.train.learning_rate == float(min(tried, key=tried.get))


def test_ours_has_the_attention_that_did_best_on_validation():
    best = {row: min(losses()[row].values()) for row in ("ours", "ours_full")}
    config = run_config(load_definition(DEFINITION), "ours", 0)
    assert config.model.attention.kind == ("depthwise" if best["ours"] < best["ours_full"] else "full")


def test_all_rows_have_the_same_data_and_budget():
    definition = load_definition(DEFINITION)
    for row in definition.runs:
        config, first = run_config(definition, row, 0), run_config(definition, "ours", 0)
        for section in ("data", "evaluate", "score"):
            assert config[section] == first[section]
        for field in set(config.train) - {"learning_rate"}:
            assert config.train[field] == first.train[field]


def test_stored_runs_are_of_the_definition():
    definition = load_definition(DEFINITION)
    for path in sorted((RESULTS / definition.name).glob("*/seed*.json")):
        stored = json.loads(path.read_text())
        config = run_config(definition, path.parent.name, int(path.stem.removeprefix("seed")))
        assert not config_changes.describe_differences(stored["config"], config), path
