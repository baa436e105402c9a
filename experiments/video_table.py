"""A table of the results on labelled video sets, one row per model and score.

    python -m experiments.video_table RESULTS … [--scores any mean_nll …]
    python -m experiments.video_table [RESULTS …] [--scores …] --page=docs/labelled_sets.md [--check]

RESULTS are results.json files written by `--mode=evaluate` on labelled sets (data.source ucsd or another one),
run folders, or folders of either; default: experiments/results/labelled. A model is named after its results
file, or after its run folder. The first form prints the table. The second writes it into a page between two
marker lines, which have to be there; `--check` writes nothing and exits with 1 if the page does not show the
results.
"""

import argparse
import sys
from collections.abc import Sequence

from experiments.command_line import RESULTS, Parser, entry_point, file_path
from experiments.tables import page_block
from experiments.tables.labelled_sets import SCORES, read_results, table
from vpn_anomaly.errors import UserError

NAME = "labelled sets"  # in the marker lines


def markers() -> tuple[str, str]:
    """The marker lines before and after the table."""
    return page_block.markers(NAME, "experiments.video_table")


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints, writes or checks the table. Exit code 1: `--check` found differences; 2: an error."""
    return _run(_arguments(argv))


def _run(arguments: argparse.Namespace) -> int:
    results = read_results(arguments.results)
    if not results:
        places = ", ".join(map(str, arguments.results))
        raise UserError(f"no results in {places}; evaluate a labelled set first")
    known = {score for of in results.values() for score in of["scores"]}
    if not known & set(arguments.scores):
        raise UserError(
            f"none of the results has a score {' or '.join(arguments.scores)}; they have "
            f"{', '.join(sorted(known))}"
        )
    text = table(results, arguments.scores)
    if arguments.page is None:
        print(text)
        return 0
    update = page_block.update(arguments.page, markers(), text)
    outdated = f"the table of {NAME} is not what the results give"
    return page_block.settle(
        [update], arguments.check, outdated, f"{arguments.page} shows {', '.join(results)}"
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("video_table", __doc__)
    parser.add_argument(
        "results",
        nargs="*",
        type=file_path,
        metavar="RESULTS",
        default=[RESULTS / "labelled"],
        help="results files or folders",
    )
    parser.add_argument("--scores", nargs="+", default=SCORES, metavar="SCORE", help="scores to show")
    parser.add_argument("--page", type=file_path, metavar="FILE", help="write the table into this page")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if the table differs"
    )
    arguments = parser.parse_args(argv)
    if arguments.check and arguments.page is None:
        parser.error("--check needs --page=FILE, the page to check")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
