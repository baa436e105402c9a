"""What came out of the experiments of a sweep, beside what was expected of each."""

import dataclasses
from collections.abc import Mapping, Sequence

from experiments.sweeps.table_settings import TableSettings
from experiments.tables.accuracy import accuracy_over_seeds
from experiments.tables.experiment import Cell, Comparison, Experiment
from experiments.tables.numbers import interval, percent, points
from experiments.tables.page_block import markdown_table, paragraph
from experiments.tables.stored_results import Run, check_same_sequences

NOT_RUN = "not run"
HEAD = ("", "measured", "95%", "seeds", "expected", "as expected")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a comparison measured, in percent, or in points for a difference.

    Attributes:
      value: mean over seeds.
      interval: of 95% over test sequences.
      seeds: of the runs; of both cells, where it is a difference.
    """

    value: float
    interval: tuple[float, float]
    seeds: tuple[int, ...]


def outcome(
    comparison: Comparison, runs: Mapping[str, Sequence[Run]], baselines: Sequence[str] = ()
) -> Outcome | None:
    """The outcome of a comparison over the seeds that its cells have both; None where there is none.

    Args:
      runs: by row.
      baselines: scores without learning, which tell whether two runs scored the same sequences.

    UserError if results are inconsistent, or of other sequences.
    """
    cells = [cell for cell in (comparison.cell, comparison.minus) if cell is not None]
    seeds = set.intersection(*({run.seed for run in runs[cell.row]} for cell in cells))
    of_cells = [[run for run in runs[cell.row] if run.seed in seeds] for cell in cells]
    check_same_sequences([run for of_cell in of_cells for run in of_cell], baselines)
    found = [
        accuracy_over_seeds(of_cell, cell.corruption, cell.score) for of_cell, cell in zip(of_cells, cells)
    ]
    if None in found:
        return None
    value, (low, high) = found[0].minus(found[1]) if found[1:] else (found[0].mean, found[0].ci95)
    return Outcome(100 * value, (100 * low, 100 * high), tuple(sorted(seeds)))


def experiment_text(experiment: Experiment, table: TableSettings, runs: Mapping[str, Sequence[Run]]) -> str:
    """The experiment's question and expectation, and a table of its comparisons, the primary one first, in bold."""
    comparisons = (experiment.primary, *experiment.others)
    lines = [_line(one, table, runs) for one in comparisons]
    lines[0] = [f"**{cell}**" if cell else cell for cell in lines[0]]
    if all(line[1].strip("*") == NOT_RUN for line in lines):
        return headline(experiment.number, experiment.question, f"{experiment.expected}. Not run")
    head = headline(experiment.number, experiment.question, experiment.expected)
    return f"{head}\n\n{markdown_table(HEAD, lines)}"


def headline(number: int, question: str, expected: str) -> str:
    """The paragraph before an experiment's tables."""
    text = f"**{number}. {question}** Expected: {expected}."
    return paragraph(text)


def _line(comparison: Comparison, table: TableSettings, runs: Mapping[str, Sequence[Run]]) -> list[str]:
    expected = _expected(comparison)
    found = outcome(comparison, runs, table.baselines)
    if found is None:
        return [_named(comparison, table), NOT_RUN, "", "", expected, ""]
    text = percent if comparison.minus is None else points
    seeds, verdict = ", ".join(map(str, found.seeds)), comparison.verdict(*found.interval)
    return [
        _named(comparison, table),
        text(found.value),
        interval(found.interval, text),
        seeds,
        expected,
        verdict,
    ]


def _named(comparison: Comparison, table: TableSettings) -> str:
    """The comparison in words; what both cells have in common is said once."""
    cell, minus = comparison.cell, comparison.minus
    if minus is None:
        return f"{table.label(cell.row)}: {_column(cell)}"
    if (cell.corruption, cell.score) == (minus.corruption, minus.score):
        return f"{table.label(cell.row)} minus {table.label(minus.row)}: {_column(cell)}"
    if cell.row == minus.row:
        return f"{table.label(cell.row)}: {_column(cell)} minus {_column(minus)}"
    return f"{table.label(cell.row)}: {_column(cell)}, minus {table.label(minus.row)}: {_column(minus)}"


def _column(cell: Cell) -> str:
    return f"`{cell.corruption}` by `{cell.score}`"


def _expected(comparison: Comparison) -> str:
    text = percent if comparison.minus is None else points
    least, most = (None if one is None else text(one) for one in (comparison.least, comparison.most))
    if least and most:
        return f"{least} to {most}"
    if least:
        return f"at least {least}"
    return f"at most {most}" if most else "–"
