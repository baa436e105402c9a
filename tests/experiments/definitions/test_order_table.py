"""The committed experiments: the document says what the results give, and the rule of the runs was kept."""

import json
import pathlib

import pytest

from experiments import order_table
from experiments.definitions import order_table as definition_file
from experiments.sweeps.definition import load_definition, run_config
from experiments.sweeps.table_settings import CORRUPTIONS
from vpn_anomaly.storage import config_changes

ROOT = pathlib.Path(__file__).parents[3]
DEFINITION = load_definition(ROOT / "experiments/definitions/order_table.py")
PAPER = load_definition(ROOT / "experiments/definitions/paper_table.py")
RESULTS = ROOT / "experiments/results/order_table"
STORED = sorted(RESULTS.glob("*/seed*.json"))


def test_the_document_shows_the_stored_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert order_table.main(["--check"]) == 0


def comparisons():
    return [
        one for experiment in definition_file.EXPERIMENTS for one in (experiment.primary, *experiment.others)
    ]


def test_experiments_name_what_there_is():
    assert [one.number for one in definition_file.EXPERIMENTS] == [1, 2, 3, 4, 5, 6]
    cells = [cell for one in comparisons() for cell in (one.cell, one.minus) if cell]
    for cell in cells:
        assert cell.row in DEFINITION.runs and cell.corruption in CORRUPTIONS
        assert cell.score in DEFINITION.stored_scores
    assert {cell.row for cell in cells} == set(DEFINITION.runs)  # no run without a question
    for _, of_paper, claims in definition_file.CLAIMS:
        rows = (PAPER if of_paper else DEFINITION).runs
        assert all(claim.row in rows and claim.other in rows for claim in claims)


def test_no_sequence_is_scored_twice():
    scored = [set(range(first, first + 2 * count)) for first, count in spans()]
    assert not set.intersection(*scored) and len(set.union(*scored)) == sum(map(len, scored))


def spans():
    """Of the paper's table, of the experiments, of the weights in the package."""
    for definition in (PAPER, DEFINITION):
        evaluate = run_config(definition, next(iter(definition.runs)), 0).evaluate
        yield evaluate.first_sequence, evaluate.sequences
    yield definition_file.FRESH


def test_the_fresh_figures_are_of_the_sequences_that_were_stated():
    fresh, squares = (RESULTS / name for name in (order_table.FRESH, order_table.SQUARES))
    if fresh.exists():
        evaluate = json.loads(fresh.read_text())["config"]["evaluate"]
        assert (evaluate["first_sequence"], evaluate["sequences"]) == definition_file.FRESH
    if squares.exists():
        found = json.loads(squares.read_text())
        assert found["first"] == definition_file.FRESH[0] and found["sequences"] <= definition_file.FRESH[1]


def test_every_row_can_have_its_learning_rate_tried():
    assert all(
        definition_file.kind_of(row) in {**DEFINITION.runs, **DEFINITION.candidates}
        for row in DEFINITION.runs
    )


def test_rows_differ_from_the_papers_in_what_they_are_about():
    for row in DEFINITION.runs:
        config, first = run_config(DEFINITION, row, 0), run_config(PAPER, "ours", 0)
        assert config.score == first.score and config.train.batch_size == first.train.batch_size
        assert config.data.to_dict() | {"trajectory": "original"} == first.data.to_dict()


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_stored_runs_are_of_the_definition(path):
    stored, row = json.loads(path.read_text()), path.parent.name
    config = run_config(DEFINITION, row, int(path.stem.removeprefix("seed")))
    assert not config_changes.describe_differences(stored["config"], config)
    tried = json.loads((RESULTS / "learning_rates.json").read_text())["losses"][definition_file.kind_of(row)]
    assert set(map(float, tried)) == set(DEFINITION.learning_rates)
    assert config.train.learning_rate == float(min(tried, key=tried.get))
