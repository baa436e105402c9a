"""Writes what runs of configs/quick.py and configs/cpu.py reach into README.md, docs/first_steps.md and WORKSPACE.md.

    python -m experiments.expected [--results=experiments/results] [--folder=.] [--check]

The results are quick.json and cpu.json, each the results.json of a run of that config. The tables are written between
marker lines of the three files in the folder. `--check` writes nothing and exits with 1 if one of them does not show
the results.
"""

import argparse
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence

from experiments.command_line import RESULTS, Parser, entry_point, file_path
from experiments.tables import page_block
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.numbers import number, with_interval
from vpn_anomaly.storage import workdir

CONFIGS = ("quick", "cpu")
METRIC = "break_even_accuracy"
RESIDUAL = "motion_compensated_residual"
# The rows of a table: in words, and the (corruption, score) of the figures in a cell.
Rows = Mapping[str, Sequence[tuple[str, str]]]
EXPECTED: Rows = {
    "last frame replaced (`temporal`): `mean_nll`, `tail_mean`": (
        ("temporal", "mean_nll"),
        ("temporal", "tail_mean"),
    ),
    "3×3 black square (`spatial`): `missing_z`, `erased_z`": (
        ("spatial", "missing_z"),
        ("spatial", "erased_z"),
    ),
    "both: `mean_nll`, `tail_mean`": (("both", "mean_nll"), ("both", "tail_mean")),
    "one of the two (`mixed`): `any`, `any_with_residual`": (
        ("mixed", "any"),
        ("mixed", "any_with_residual"),
    ),
    "the residual without learning: `spatial`, `mixed`": (("spatial", RESIDUAL), ("mixed", RESIDUAL)),
}
IN_FULL: Rows = {
    f"{corruption}, `{score}`": ((corruption, score),)
    for corruption, scores in {
        "temporal": ("mean_nll", "any"),
        "spatial": ("missing_z", "erased_z", "any"),
        "both": ("mean_nll", "any"),
        "mixed": ("any", "any_with_residual", "missing_z"),
    }.items()
    for score in scores
} | {"mixed, the residual without learning": (("mixed", RESIDUAL),)}


def markers(name: str) -> tuple[str, str]:
    """The marker lines before and after a table: of `expected`, or of `results` with their intervals."""
    return page_block.markers(name, "experiments.expected")


def table(found: Mapping[str, Mapping], rows: Rows, cell: Callable[[Mapping, str], str]) -> str:
    """A Markdown table with a column for each config.

    Args:
        found: the content of a results.json, by config.
        rows: what stands in it.
        cell: writes a metric of a score: from its metrics and the metric's name.
    """
    head = ["", *map(_column, found, found.values())]
    lines = [
        [
            words,
            *(
                ", ".join(cell(of["corruptions"][kind][score], METRIC) for kind, score in figures)
                for of in found.values()
            ),
        ]
        for words, figures in rows.items()
    ]
    return page_block.markdown_table(head, lines)


def _column(config: str, results: Mapping) -> str:
    count = results["config"]["evaluate"]["sequences"]
    return f"`configs/{config}.py`, {count:,} + {count:,}"


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks the tables. Exit code 1: `--check` found differences; 2: an error."""
    arguments = _arguments(argv)
    found = {config: _results(arguments.results / f"{config}.json") for config in CONFIGS}
    expected = table(found, EXPECTED, lambda metrics, name: number(metrics.get(name)))
    in_full = table(found, IN_FULL, with_interval)
    updates = [
        page_block.update(arguments.folder / page, markers(name), block)
        for page, name, block in (
            ("README.md", "expected", expected),
            ("docs/first_steps.md", "expected", expected),
            ("WORKSPACE.md", "results", in_full),
        )
    ]
    told = f"{', '.join(str(update.path) for update in updates)} show {', '.join(CONFIGS)}"
    outdated = f"its figures are not those in {arguments.results}"
    return page_block.settle(updates, arguments.check, outdated, told)


def _results(path: pathlib.Path) -> dict:
    """The content of a results.json of an evaluation of sequences."""
    results = workdir.read_json(path)
    if results is None or "corruptions" not in results:
        raise UserError(f"{path} holds no results; store the results.json of a run of configs/{path.stem}.py")
    return results


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("expected", __doc__)
    parser.add_argument("--results", type=file_path, default=RESULTS, help="folder of the stored results")
    parser.add_argument("--folder", type=file_path, default=pathlib.Path(), help="folder with README.md")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a table differs")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
