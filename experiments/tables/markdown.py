"""The results of a sweep as Markdown tables: accuracies, differences from a reference row, and costs."""

import statistics
from collections.abc import Callable, Mapping, Sequence

from experiments.sweeps.definition import Definition
from experiments.sweeps.table_settings import CORRUPTIONS
from experiments.tables.accuracy import RESAMPLES, Accuracy
from experiments.tables.numbers import interval, percent, points
from experiments.tables.page_block import markdown_table, paragraph
from experiments.tables.rows import Row
from experiments.tables.stored_results import Run

PAIRED_CORRUPTION = "both"
NONE = "–"
COMMIT_CHARACTERS = 7


def markdown(definition: Definition, rows: Sequence[Row]) -> str:
    """All tables, each after a caption. A pure function of the results."""
    parts = [
        _accuracy_table(definition, rows),
        _declared_table(definition, rows),
        _difference_table(definition, rows),
        _cost_table(rows),
    ]
    return "\n\n".join(part for part in parts if part)


def head(definition: Definition, rows: Sequence[Row]) -> str:
    """The rows of the first table that `definition.table.head` names, without intervals; bold as there.

    Empty if it names none.
    """
    names = definition.table.head
    if not names:
        return ""
    table = _accuracy_lines(definition, rows, lambda accuracy: "")
    shown = [line for row, line in zip(rows, table[1:]) if row.name in names]
    about = f"{_about(definition, rows)}; means over seeds. Bold: the best of a column of the whole table."
    return f"{paragraph(about)}\n\n{markdown_table(table[0], shown)}"


def _accuracy_table(definition: Definition, rows: Sequence[Row]) -> str:
    lines = _accuracy_lines(definition, rows, _spread)
    return f"{_legend(definition, rows)}\n\n{markdown_table(lines[0], lines[1:])}"


def _accuracy_lines(
    definition: Definition, rows: Sequence[Row], spread: Callable[[Accuracy | None], str]
) -> list[list[str]]:
    """The header, and the cells of every row; `spread` says how far a value is to be trusted."""
    with_paper = bool(definition.table.paper)
    papers = [NONE if row.paper is None else percent(row.paper) for row in rows]
    columns = [_bold_best([row.paper for row in rows], papers)] if with_paper else []
    columns += _accuracy_columns([row.by_paper_score for row in rows], spread)
    cells = [[row.label, *values] for row, *values in zip(rows, *columns)]
    for row, line in zip(rows, cells):
        if not row.measured:
            line[-len(CORRUPTIONS) :] = ["not measured", *[""] * (len(CORRUPTIONS) - 1)]
    return [["", *["paper"] * with_paper, *CORRUPTIONS], *cells]


def _about(definition: Definition, rows: Sequence[Row]) -> str:
    """What the accuracies are of."""
    run = next(row.runs[0] for row in rows if row.runs)
    normal = next(len(scores) for name, scores in run.scores.items() if name.startswith("normal/"))
    others = next(len(scores) for name, scores in run.scores.items() if not name.startswith("normal/"))
    return (
        f"Accuracy in percent where precision equals recall, {normal:,} normal and {others:,} corrupted test "
        "sequences of each kind"
    )


def _legend(definition: Definition, rows: Sequence[Row]) -> str:
    table, seeds = definition.table, definition.seeds
    mean = f"one seed ({seeds[0]})"
    if len(seeds) > 1:
        mean = f"mean ± standard deviation over seeds {', '.join(map(str, seeds))}"
    baselines = " Rows without learning are scores themselves." if table.baselines else ""
    text = (
        f"{_about(definition, rows)}; {mean}, and the interval of 95% over sequences ({RESAMPLES:,} bootstrap "
        f"resamples). Bold: the best of a column. Score: {_scores(definition, rows)}.{baselines}"
    )
    return paragraph(text)


def _scores(definition: Definition, rows: Sequence[Row]) -> str:
    """The paper's scores in words, each with its rows if there are several scores."""
    labels = {}
    for row in rows:
        if row.learned:
            labels.setdefault(definition.table.score_of(row.name), []).append(row.label)
    if len(labels) == 1:
        return f"`{next(iter(labels))}`"
    return "; ".join(f"`{score}` of {', '.join(names)}" for score, names in labels.items())


def _declared_table(definition: Definition, rows: Sequence[Row]) -> str:
    rows = [row for row in rows if row.by_declared_score]
    if not rows:
        return ""
    columns = _accuracy_columns([row.by_declared_score for row in rows], _spread)
    declared = definition.table.declared
    cells = [[row.label, *values] for row, *values in zip(rows, *columns)]
    for row, line in zip(rows, cells):
        for column, corruption in enumerate(CORRUPTIONS, start=1):
            accuracy = row.by_declared_score.get(corruption)
            if accuracy and corruption in declared and accuracy.score != declared[corruption]:
                line[column] += f" (`{accuracy.score}`)"
    head = ["", *(f"{kind}: `{declared[kind]}`" if kind in declared else kind for kind in CORRUPTIONS)]
    return f"The same by the score declared beforehand for each corruption:\n\n{markdown_table(head, cells)}"


def _difference_table(definition: Definition, rows: Sequence[Row]) -> str:
    measured = {row.name: row for row in rows if row.learned and PAIRED_CORRUPTION in row.by_paper_score}
    reference = measured.pop(definition.table.reference, None)
    if reference is None or not measured:
        return ""
    cells = []
    for row in measured.values():
        first, second = (one.by_paper_score[PAIRED_CORRUPTION] for one in (reference, row))
        value, ends = first.minus(second)
        low, high = (100 * end for end in ends)
        excludes = "yes" if low > 0 or high < 0 else "no"
        cells.append([row.label, points(100 * value), interval((low, high), points), excludes])
    head = [f"{reference.label} minus", "points", "95%", "excludes zero"]
    return (
        f"Differences on `{PAIRED_CORRUPTION}`, of means over seeds, on the same resamples of the same "
        f"sequences:\n\n{markdown_table(head, cells)}"
    )


def _cost_table(rows: Sequence[Row]) -> str:
    """Cost per run of every trained row; several values if its seeds differ."""
    cells = [
        [
            row.label,
            *(_distinct(row.runs, text_of) for text_of in _COSTS.values()),
            _minutes(row.runs),
            _distinct(row.runs, _device),
            _distinct(row.runs, _commit),
        ]
        for row in rows
        if row.learned and row.runs
    ]
    head = ["", *_COSTS, "minutes per run", "device", "commit"]
    return f"What a run costs:\n\n{markdown_table(head, cells)}"


def _gigaflop(run: Run) -> str:
    operations = run.results.get("step_flops")
    return NONE if operations is None else f"{operations / 1e9:,.1f}"


def _learning_rate(run: Run) -> str:
    return f"{run.results['config']['train']['learning_rate']:g}"


def _steps(run: Run) -> str:
    return f"{run.results['steps']:,} × {run.results['config']['train']['batch_size']}"


def _device(run: Run) -> str:
    hardware = run.results["hardware"]
    if hardware["platform"] == "cpu":
        return f"{hardware['cpu']}, {hardware['cpu_cores']} cores"
    count = f"{hardware['devices']} × " if hardware["devices"] > 1 else ""
    return count + hardware["device"]


def _commit(run: Run) -> str:
    commit = run.results.get("commit")
    return f"`{commit[:COMMIT_CHARACTERS]}`" if commit else NONE


_COSTS: dict[str, Callable[[Run], str]] = {
    "parameters": lambda run: f"{run.results['parameters']:,}",
    "GFLOP per step": _gigaflop,
    "steps × batch": _steps,
    "learning rate": _learning_rate,
}


def _minutes(runs: Sequence[Run]) -> str:
    return f"{statistics.median(run.results['wall_seconds'] for run in runs) / 60:,.1f}"


def _distinct(runs: Sequence[Run], text_of: Callable[[Run], str]) -> str:
    return ", ".join(dict.fromkeys(text_of(run) for run in runs))


def _accuracy_columns(
    rows: Sequence[Mapping[str, Accuracy]], spread: Callable[[Accuracy | None], str]
) -> list[list[str]]:
    """One column of cells per corruption, with its best values in bold."""
    columns = []
    for corruption in CORRUPTIONS:
        found = [row.get(corruption) for row in rows]
        values = [None if accuracy is None else 100 * accuracy.mean for accuracy in found]
        cells = [NONE if value is None else percent(value) for value in values]
        cells = [cell + spread(accuracy) for cell, accuracy in zip(_bold_best(values, cells), found)]
        columns.append(cells)
    return columns


def _bold_best(values: Sequence[float | None], cells: Sequence[str]) -> list[str]:
    """The cells, with all that print the same as the best value in bold."""
    best = max((value for value in values if value is not None), default=None)
    is_best = [value is not None and percent(value) == percent(best) for value in values]
    return [f"**{cell}**" if bold else cell for cell, bold in zip(cells, is_best)]


def _spread(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return ""
    deviation = "" if accuracy.deviation is None else f" ±{percent(100 * accuracy.deviation)}"
    return f"{deviation} {interval([100 * end for end in accuracy.ci95])}"
