"""What came out of experiments, against accuracies and differences computed one by one."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.sweeps.table_settings import TableSettings
from experiments.tables.experiment import Cell, Claim, Comparison, Experiment
from experiments.tables.order_figure import order_figure
from experiments.tables.outcomes import experiment_text, outcome
from experiments.tables.stored_results import Run
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.metrics import break_even_accuracy

SHIFTS = {"good": 2.0, "bad": 0.5}
GOOD, BAD = (Cell(row, "both", "mean_nll") for row in SHIFTS)


@pytest.fixture(scope="module")
def runs(write_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    found = {"absent": ()}
    for row, shift in SHIFTS.items():
        paths = [write_run(folder, row, seed, {"mean_nll": shift, "any": shift + 1}) for seed in (0, 2)]
        found[row] = tuple(run_of(path, row) for path in paths)
    return found


def run_of(path, row):
    scores = dict(np.load(path.with_suffix(".npz")))
    return Run(path, row, int(path.stem[4:]), json.loads(path.read_text()), scores)


def accuracy(runs, cell):
    """Percent, the mean over seeds."""
    pairs = [run.pair(cell.corruption, cell.score) for run in runs[cell.row]]
    return 100 * np.mean([break_even_accuracy(*pair) for pair in pairs])


def test_an_outcome_is_the_mean_over_seeds_or_a_difference_of_means(runs):
    one, both = outcome(Comparison(GOOD), runs), outcome(Comparison(GOOD, BAD), runs)
    assert one.value == pytest.approx(accuracy(runs, GOOD)) and one.seeds == both.seeds == (0, 2)
    assert both.value == pytest.approx(accuracy(runs, GOOD) - accuracy(runs, BAD))
    for found in (one, both):
        low, high = found.interval
        assert low < found.value < high and high - low < 40


def test_without_a_run_there_is_no_outcome(runs):
    absent = Cell("absent", "both", "mean_nll")
    assert outcome(Comparison(absent), runs) is None
    assert outcome(Comparison(GOOD, absent), runs) is None
    assert outcome(Comparison(Cell("good", "both", "tail_mean")), runs) is None


@pytest.mark.parametrize(
    "least, most, verdict",
    [
        (None, None, ""),
        (4.0, None, "yes"),
        (None, 6.0, "yes"),
        (3.0, 6.5, "yes"),
        (4.1, None, "open"),
        (None, 5.0, "open"),
        (6.1, None, "no"),
        (None, 3.9, "no"),
        (4.5, 5.5, "open"),
    ],
)
def test_an_interval_is_in_the_expected_range_or_not_or_in_part(least, most, verdict):
    assert Comparison(GOOD, None, least, most).verdict(4.0, 6.0) == verdict


def test_a_difference_is_over_the_seeds_that_both_rows_have(runs):
    fewer = {**runs, "bad": runs["bad"][1:]}
    found = outcome(Comparison(GOOD, BAD), fewer)
    second = {row: found_runs[1:] for row, found_runs in runs.items()}
    assert found == outcome(Comparison(GOOD, BAD), second) and found.seeds == (2,)
    assert outcome(Comparison(GOOD, BAD), {**runs, "bad": runs["bad"][:1], "good": runs["good"][1:]}) is None


def test_rows_of_other_sequences_are_not_compared(runs):
    scores = {
        name: score + 1 if "constant" in name else score for name, score in runs["bad"][0].scores.items()
    }
    others = {**runs, "bad": [dataclasses.replace(run, scores=scores) for run in runs["bad"]]}
    with pytest.raises(UserError, match="same sequences"):
        outcome(Comparison(GOOD, BAD), others, ("constant",))


def test_a_table_says_what_was_expected_and_whether_it_came(runs):
    value = accuracy(runs, GOOD)
    experiment = Experiment(
        3,
        "Is good better?",
        "yes",
        Comparison(GOOD, BAD, least=0),
        (
            Comparison(GOOD, most=value - 40),
            Comparison(GOOD, Cell("good", "both", "any"), least=-100, most=100),
            Comparison(Cell("absent", "mixed", "any")),
        ),
    )
    text = experiment_text(experiment, TableSettings(labels={"good": "our best"}), runs)
    head, _, *lines = text.splitlines()
    assert head == "**3. Is good better?** Expected: yes."
    cells = [line.strip("| ").split(" | ") for line in lines[2:]]
    assert cells[0][0] == "**our best minus bad: `both` by `mean_nll`**" and cells[0][-1] == "**yes**"
    assert cells[1][1] == f"{value:.1f}" and cells[1][-1] == "no" and cells[1][3] == "0, 2"
    assert cells[2][0] == "our best: `both` by `mean_nll` minus `both` by `any`"
    assert cells[2][-2:] == ["−100.0 to +100.0", "yes"]
    assert cells[3][:2] == ["absent: `mixed` by `any`", "not run"]
    missing = Experiment(4, "Nothing?", "nothing", Comparison(Cell("absent", "both", "any")))
    assert experiment_text(missing, TableSettings(), runs).endswith("nothing. Not run.")


def test_a_figure_is_drawn_with_cells_that_are_missing(runs, tmp_path):
    claims = (Claim("better", "good", "bad", "because", 2.4), Claim("other", "good", "absent", "who knows"))
    order_figure(tmp_path / "order.png", {"a group": (claims, runs)})
    assert (tmp_path / "order.png").read_bytes().startswith(b"\x89PNG")
    swapped = Claim("a", "good", "bad", "", None, {("both", "mean_nll"): ("any", "mean_nll")})
    assert swapped.comparison(("both", "mean_nll")) == Comparison(Cell("good", "both", "any"), BAD)
    assert swapped.comparison(("mixed", "any")).minus == Cell("bad", "mixed", "any")
