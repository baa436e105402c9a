"""Writes the results of a sweep into a page as tables, the first rows of it into README.md, and draws a figure.

    python -m experiments.table [--sweep=experiments/definitions/paper_table.py] [--results=experiments/results]
        [--page=docs/NAME.md] [--readme=README.md] [--figure=docs/NAME.png] [--check] [--partial]

The tables are written between two marker lines, which have to be in the page; the rows that HEAD of the definition
names between two in the README. `--check` writes nothing and exits with 1 if one of them does not show the stored
results.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

from experiments.command_line import PAPER_TABLE, RESULTS, Parser, entry_point, file_path
from experiments.sweeps.definition import Definition, load_definition
from experiments.tables import page_block
from experiments.tables.figure import table_figure
from experiments.tables.markdown import head, markdown
from experiments.tables.rows import Row, table_rows
from experiments.tables.stored_results import missing_seeds, read_runs
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files


def markers(name: str) -> tuple[str, str]:
    """The marker lines before and after the tables of a sweep."""
    return page_block.markers(name, "experiments.table")


def head_markers(name: str) -> tuple[str, str]:
    """The marker lines before and after the head of its first table."""
    return markers(f"head of {name}")


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks the tables. Exit code 1: `--check` found differences; 2: an error."""
    return _run(_arguments(argv))


def _run(arguments: argparse.Namespace) -> int:
    definition = load_definition(arguments.sweep)
    rows = _rows(definition, arguments)
    page = arguments.page or pathlib.Path("docs", f"{definition.name}.md")
    updates = [page_block.update(page, markers(definition.name), markdown(definition, rows))]
    if definition.table.head:
        lines = head_markers(definition.name)
        updates.append(page_block.update(arguments.readme, lines, head(definition, rows)))
    if arguments.check:
        outdated = f"the tables of {definition.name} are not what {arguments.results} gives"
        return max([update.check(outdated) for update in updates])
    figure = arguments.figure or pathlib.Path("docs", f"{definition.name}.png")
    for update in updates:
        output_files.check_output(update.path)
    output_files.write_atomically(figure, lambda file: table_figure(file, rows))
    for update in updates:
        update.write()
    print(f"{', '.join(str(update.path) for update in updates)} and {figure} show {definition.name}")
    unmeasured = [row.name for row in rows if not row.measured]
    if unmeasured:
        print(f"not measured: {', '.join(unmeasured)}")
    return 0


def _rows(definition: Definition, arguments: argparse.Namespace) -> list[Row]:
    """The table's rows. UserError if a row has runs for only some of its seeds, unless --partial."""
    runs = read_runs(definition, arguments.results)
    rows = table_rows(definition, runs)
    partial = {row: seeds for row, seeds in missing_seeds(definition, runs).items() if runs[row]}
    if partial and not arguments.partial:
        named = "; ".join(f"{row} seed {', '.join(map(str, seeds))}" for row, seeds in partial.items())
        raise UserError(
            f"{definition.name} lacks runs of rows that have others: {named}; "
            "finish the sweep, or give --partial to show what is there"
        )
    return rows


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("table", __doc__)
    parser.add_argument("--sweep", type=file_path, default=PAPER_TABLE, help="the sweep's definition")
    parser.add_argument("--results", type=file_path, default=RESULTS, help="folder of the stored results")
    parser.add_argument("--page", type=file_path, help="page that contains the tables; default docs/NAME.md")
    parser.add_argument(
        "--readme", type=file_path, default=pathlib.Path("README.md"), help="page that contains their head"
    )
    parser.add_argument("--figure", type=file_path, help="PNG file to write; default docs/NAME.png")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if the tables differ"
    )
    parser.add_argument("--partial", action="store_true", help="allow rows with only some of their seeds")
    arguments = parser.parse_args(argv)
    if arguments.figure and arguments.figure.suffix != ".png":
        parser.error(f"--figure={arguments.figure}: a PNG is written; give a name that ends in .png")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
