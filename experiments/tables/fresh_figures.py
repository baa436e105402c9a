"""The former weights of the package on sequences that were never scored before, and on other squares, as tables."""

from collections.abc import Mapping

from experiments.tables.numbers import interval, percent, points
from experiments.tables.page_block import markdown_table
from experiments.tables.stored_results import METRIC

SCORES = {
    "temporal": ("mean_nll", "tail_mean", "any"),
    "spatial": ("missing_z", "erased_z", "any"),
    "both": ("mean_nll", "tail_mean", "any"),
    "mixed": ("any",),
}
OF_SQUARES = ("missing_z", "intruding_z", "erased_z", "any", "motion_compensated_residual")


def fresh_table(stored: Mapping, fresh: Mapping) -> str:
    """Accuracies of the weights, by corruption and score, on the sequences of both results."""
    lines = []
    for corruption, scores in SCORES.items():
        for score in scores:
            before, after = (of["corruptions"][corruption].get(score) for of in (stored, fresh))
            if after:
                difference = points(100 * (after[METRIC] - before[METRIC])) if before else ""
                cells = [_accuracy(before) if before else "", _accuracy(after), difference]
                lines.append([f"`{corruption}` by `{score}`", *cells])
    before, after = (_numbers(of["config"]["evaluate"]) for of in (stored, fresh))
    return markdown_table(["", f"sequences {before}", f"sequences {after}", "points"], lines)


def squares_table(squares: Mapping) -> str:
    """Accuracies by square, a column per score."""
    lines = [
        [name, *(_accuracy(found[score]) for score in OF_SQUARES)]
        for name, found in squares["squares"].items()
    ]
    return markdown_table(["square", *(f"`{score}`" for score in OF_SQUARES)], lines)


def _numbers(evaluate: Mapping) -> str:
    first = evaluate.get("first_sequence", 0)
    return f"{first:,} to {first + 2 * evaluate['sequences'] - 1:,}"


def _accuracy(found: Mapping) -> str:
    return f"{percent(100 * found[METRIC])} {interval([100 * end for end in found['ci95'][METRIC]])}"
