"""The rows of a sweep's table: first every trained system, then the baseline scores."""

import dataclasses
from collections.abc import Mapping, Sequence

from experiments.sweeps.definition import Definition
from experiments.sweeps.table_settings import CORRUPTIONS
from experiments.tables.accuracy import Accuracy, accuracy_over_seeds
from experiments.tables.stored_results import Run, check_same_sequences
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
      name, label: name in the definition, and name shown in the table.
      paper: accuracy reported by the paper, percent, if any.
      learned: whether it is a trained system; otherwise a baseline score.
      runs: its finished runs; for a baseline score, one run that contains the score.
      by_paper_score: accuracy by corruption with the paper's score, where measured and defined.
      by_declared_score: the same with the declared score, or with the paper's score for corruptions without
        a declared score or if the row lacks it. Empty if the paper's score is used throughout.
    """

    name: str
    label: str
    paper: float | None
    learned: bool
    runs: tuple[Run, ...]
    by_paper_score: Mapping[str, Accuracy]
    by_declared_score: Mapping[str, Accuracy]

    @property
    def measured(self) -> bool:
        return bool(self.runs)


def table_rows(definition: Definition, runs: Mapping[str, Sequence[Run]]) -> list[Row]:
    """All rows in table order.

    Raises:
      UserError: no run is finished, the runs were evaluated on different sequences, or a file is invalid.
    """
    finished = [run for row in definition.runs for run in runs[row]]
    if not finished:
        raise UserError(f"no run of {definition.name} is finished; run python -m experiments.sweep first")
    check_same_sequences(finished, definition.table.baselines)
    systems = [_system(definition, row, tuple(runs[row])) for row in definition.runs]
    return systems + [_baseline(definition, score, finished) for score in definition.table.baselines]


def _system(definition: Definition, name: str, runs: tuple[Run, ...]) -> Row:
    table = definition.table
    score = table.score_of(name)
    for run in runs:
        if not any(run.has(kind, score) for kind in CORRUPTIONS):
            raise UserError(
                f"{run.path.with_suffix('.npz')} has no score {score!r}; "
                f"name the score of row {name} in PAPER_SCORE and STORED_SCORES"
            )
    by_paper_score = _accuracies(runs, dict.fromkeys(CORRUPTIONS, score))
    declared = {
        corruption: other
        for corruption, other in table.declared.items()
        if other != score and runs and all(run.has(corruption, other) for run in runs)
    }
    by_declared_score = {}
    if declared:
        by_declared_score = {**by_paper_score, **_accuracies(runs, declared)}
    label = table.label(name)
    if 0 < len(runs) < len(definition.seeds):
        label += f" (seed {', '.join(str(run.seed) for run in runs)} alone)"
    return Row(name, label, table.paper.get(name), True, runs, by_paper_score, by_declared_score)


def _baseline(definition: Definition, score: str, finished: Sequence[Run]) -> Row:
    """The row of a baseline score, which is the same in all runs; read from the first run that has it."""
    holders = tuple(run for run in finished if any(run.has(kind, score) for kind in CORRUPTIONS))[:1]
    accuracies = _accuracies(holders, dict.fromkeys(CORRUPTIONS, score))
    return Row(score, definition.table.label(score), None, False, holders, accuracies, {})


def _accuracies(runs: Sequence[Run], scores: Mapping[str, str]) -> dict[str, Accuracy]:
    found = {kind: accuracy_over_seeds(runs, kind, score) for kind, score in scores.items()}
    return {kind: accuracy for kind, accuracy in found.items() if accuracy is not None}
