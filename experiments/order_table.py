"""Writes what came out of the experiments on the paper's order into docs/paper_order.md, and draws a figure.

    python -m experiments.order_table [--results=experiments/results] [--page=docs/paper_order.md]
        [--figure=docs/paper_order.png] [--check]

The tables are written between two marker lines. The experiments, and what is expected of them, are in
definitions/order_table.py. `--check` writes nothing and exits with 1 if the page does not show the stored
results.
"""

import argparse
import pathlib
import sys
from collections.abc import Mapping, Sequence

from experiments.command_line import PAPER_TABLE, RESULTS, Parser, entry_point, file_path
from experiments.definitions import order_table
from experiments.sweeps.definition import load_definition
from experiments.sweeps.table_settings import TableSettings
from experiments.tables import page_block
from experiments.tables.fresh_figures import fresh_table, squares_table
from experiments.tables.order_figure import order_figure
from experiments.tables.outcomes import experiment_text, headline
from experiments.tables.stored_results import Run, read_runs
from vpn_anomaly.files import output_files
from vpn_anomaly.storage import workdir

DEFINITION = pathlib.Path("experiments/definitions/order_table.py")
NAME = "order_table"
FRESH, SQUARES, STORED = "fresh_pretrained.json", "squares.json", "stored_pretrained.json"
EXPLAINED = "explained_away.json"
ABOUT = """\
Accuracies in percent where precision equals recall, means over seeds, differences in points; intervals of 95% over
test sequences (1,000 bootstrap resamples), paired for differences. As expected: yes, if all of the interval is in the
expected range; no, if nothing of it is; else open. Bold: the comparison that decides."""


def markers() -> tuple[str, str]:
    """The marker lines before and after the tables."""
    return page_block.markers(NAME, "experiments.order_table")


def text(results: pathlib.Path, table: TableSettings, runs: Mapping[str, Sequence[Run]]) -> str:
    """The tables of all experiments.

    Args:
      results: folder of the stored results.
      table: the settings of definitions/order_table.py.
      runs: those of definitions/order_table.py, by row.
    """
    parts = [*_explained_away(results), ABOUT, *_fresh(results)]
    parts += [experiment_text(experiment, table, runs) for experiment in order_table.EXPERIMENTS]
    return "\n\n".join(parts)


def _explained_away(results: pathlib.Path) -> list[str]:
    """What experiments.explained_away measured."""
    found = workdir.read_json(results / NAME / EXPLAINED)
    if found is None:
        return []
    about = (
        f"The former weights of the package, {found['sequences']:,} normal validation sequences, one mask"
        " (`python -m experiments.explained_away`):"
    )
    lines = [[name, f"{nats:.3f}"] for name, nats in found["nats_per_pixel"].items()]
    return [about, page_block.markdown_table(["last frame", "nats per pixel"], lines)]


def _fresh(results: pathlib.Path) -> list[str]:
    """Experiment 0: the former weights of the package."""
    fresh, squares = (workdir.read_json(results / NAME / name) for name in (FRESH, SQUARES))
    stored = workdir.read_json(results / NAME / STORED)
    if fresh is None or squares is None or stored is None:
        return [headline(0, order_table.FRESH_QUESTION, f"{order_table.FRESH_EXPECTED}. Not run")]
    question = headline(0, order_table.FRESH_QUESTION, order_table.FRESH_EXPECTED)
    first, count = squares["first"], squares["sequences"]
    about = (
        f"Squares of other sizes and fills, {count:,} normal sequences from number {first:,} on and {count:,} others;"
        " those of a sequence have one centre:"
    )
    return [question, fresh_table(stored, fresh), about, squares_table(squares)]


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks the page. Exit code 1: `--check` found differences; 2: an error."""
    return _run(_arguments(argv))


def _run(arguments: argparse.Namespace) -> int:
    definition = load_definition(DEFINITION)
    runs = read_runs(definition, arguments.results)
    block = text(arguments.results, definition.table, runs)
    update = page_block.update(arguments.page, markers(), block)
    if arguments.check:
        return update.check(f"the experiments are not what {arguments.results} gives")
    paper_runs = read_runs(load_definition(PAPER_TABLE), arguments.results)
    groups = {
        title: (claims, paper_runs if of_paper else runs) for title, of_paper, claims in order_table.CLAIMS
    }
    output_files.check_output(arguments.page)
    output_files.write_atomically(arguments.figure, lambda file: order_figure(file, groups))
    update.write()
    print(f"{arguments.page} and {arguments.figure} show {NAME}")
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("order_table", __doc__)
    parser.add_argument("--results", type=file_path, default=RESULTS, help="folder of the stored results")
    parser.add_argument("--page", type=file_path, default=pathlib.Path("docs/paper_order.md"))
    parser.add_argument("--figure", type=file_path, default=pathlib.Path("docs/paper_order.png"))
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if the tables differ"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
