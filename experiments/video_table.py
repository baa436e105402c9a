"""A table of the results of labelled video sets, one row a score.

    python -m experiments.video_table RESULTS … [--scores any mean_nll …]
    python -m experiments.video_table [RESULTS …] [--scores …] --readme=README.md [--check]

RESULTS are files results.json of `--mode=evaluate` on labelled sets (data.source ucsd, avenue,
shanghaitech), or folders of runs or of such files; without any, those of experiments/results/labelled. A row
is called by the file, or by its folder where that is a run's. The first form prints the table. The second
writes it between the two lines that `markers` gives, which have to be there; `--check` writes nothing and
exits with 1 where what stands there is not what the results give.
"""

import argparse
import pathlib
import sys
from collections.abc import Mapping, Sequence

from experiments.command_line import Parser, entry_point, file_path
from experiments.tables import readme_block
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.labelled_table import COLUMNS, cell
from vpn_anomaly.scoring.baselines import PAIR_SCORES
from vpn_anomaly.storage import workdir

NAME = "labelled sets"
SCORES = ("any", "mean_nll", "detail_excess", *PAIR_SCORES)
HEAD = ("data set", "frames", "model", "score", *COLUMNS.values(), "protocol")
ABOUT = """\
Frame by frame on test clips: AUROC over all frames (micro) and as the mean over clips (macro), and the equal
error rate, each with its interval of 95% over clips. Frames: all of the test clips. Protocol: what was done to
their scores. Rows without learning have no model."""


def markers() -> tuple[str, str]:
    """The lines before and after the table."""
    return readme_block.markers(NAME, "experiments.video_table")


def read_results(paths: Sequence[pathlib.Path]) -> dict[str, Mapping]:
    """The results of labelled sets by the name of their model, in the order of the paths.

    UserError for a file that is none of them, and for two of one name.
    """
    found = {}
    for path in (file for place in paths for file in _files(place)):
        results = workdir.read_json(path)
        if results is None or not {"data_set", "scores", "protocol"} <= results.keys():
            raise UserError(
                f"{path} holds no results of a labelled set; give a results.json that "
                "--mode=evaluate wrote with data.source ucsd, avenue or shanghaitech"
            )
        name = path.resolve().parent.name if path.name == "results.json" else path.stem
        if name in found:
            raise UserError(f"two results are called {name}, {path} is the second; rename its folder or file")
        found[name] = results
    return found


def table(results: Mapping[str, Mapping], scores: Sequence[str]) -> str:
    """The table in Markdown, after a line that says what it shows.

    Scores without learning, which are equal for all models on one set under one protocol, have one row.
    """
    rows, unlearned = [], set()
    for name, of in results.items():
        for score in (score for score in scores if score in of["scores"]):
            is_unlearned = score in PAIR_SCORES
            row = _row("–" if is_unlearned else name, score, of)
            if tuple(row) not in unlearned:
                rows.append(row)
            if is_unlearned:
                unlearned.add(tuple(row))
    return f"{ABOUT}\n\n{readme_block.markdown_table(HEAD, rows)}"


def protocol_in_words(protocol: Mapping) -> str:
    """What is done to the scores: "raw", or the steps in their order."""
    dropped, sigma = protocol["dropped_frames"], protocol["smoothing"]
    steps = [f"first {dropped} frames of clips dropped"] if dropped else []
    steps += ["clips normalised"] if protocol["normalise_clips"] else []
    steps += [f"smoothed by {sigma:g} frames"] if sigma else []
    return ", ".join(steps) or "raw"


def _row(model: str, score: str, results: Mapping) -> list[str]:
    metrics, clips = results["scores"][score], results["data_set"]["clips"]
    frames = sum(clip["frames"] for clip in clips)
    anomalous = sum(clip["anomalous"] for clip in clips)
    return [
        results["data_set"]["name"],
        f"{frames:,}, {anomalous:,} anomalous",
        model,
        f"`{score}`",
        *(cell(metrics, name) for name in COLUMNS),
        protocol_in_words(results["protocol"]),
    ]


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    if path.is_dir():
        found = sorted([*path.glob("*.json"), *path.glob("*/results.json")])
        own = path / "results.json"
        return [own] if own.exists() else found
    return [path]


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; 1: `--check` found something else, 2: an error, told in one line."""
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
    if arguments.readme is None:
        print(table(results, arguments.scores))
        return 0
    text = readme_block.read_readme(arguments.readme)
    new = readme_block.with_block(text, markers(), table(results, arguments.scores), arguments.readme)
    if arguments.check:
        if new != text:
            print(
                f"{arguments.readme}: the table of {NAME} is not what the results give; run the same "
                "command without --check",
                file=sys.stderr,
            )
        return int(new != text)
    workdir.write_atomically(arguments.readme, lambda file: file.write(new.encode()))
    print(f"{arguments.readme} shows {', '.join(results)}")
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("video_table", __doc__)
    parser.add_argument(
        "results",
        nargs="*",
        type=file_path,
        metavar="RESULTS",
        default=[pathlib.Path("experiments/results/labelled")],
        help="files or folders",
    )
    parser.add_argument("--scores", nargs="+", default=SCORES, metavar="SCORE", help="those to show")
    parser.add_argument("--readme", type=file_path, metavar="FILE", help="write the table into this file")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where the table differs")
    arguments = parser.parse_args(argv)
    if arguments.check and arguments.readme is None:
        parser.error("--check needs --readme=FILE, the file to check")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
