"""The results on labelled video sets as a Markdown table, one row per model and score."""

import pathlib
from collections.abc import Mapping, Sequence

from experiments.definitions.published_figures import figures_of
from experiments.tables.page_block import markdown_table
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.numbers import with_interval
from vpn_anomaly.report.results_table import labelled_metrics
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINE_NAMES
from vpn_anomaly.storage import workdir

WITHOUT_LEARNING = (*VIDEO_BASELINES, *FOOTAGE_BASELINE_NAMES)
SCORES = ("any", "mean_nll", "detail_excess", *WITHOUT_LEARNING)  # shown by default
ABOUT = """\
Frame by frame on test clips: AUROC over all frames (micro) and as the mean over clips (macro), and the equal
error rate, each with its interval of 95% over clips. Frames: all of the test clips. Protocol: what was done to
their scores. Rows without learning have no model."""
ABOUT_FEW = """\
Macro, 10+: without the clips that have fewer than 10 frames of a class."""
ABOUT_OTHERS = """\
What others report, AUROC micro; clips are normalised by their least and their greatest score, so these are to
be compared with rows of that protocol:"""


def read_results(paths: Sequence[pathlib.Path]) -> dict[str, Mapping]:
    """The results by model name, in the order of the paths.

    A model is named after its results file, or after the run folder for a results.json.

    Raises:
      UserError: a file holds no results of a labelled set, or two results have the same name.
    """
    found = {}
    for path in (file for given in paths for file in _result_files(given)):
        results = workdir.read_json(path)
        if results is None or not {"data_set", "scores", "protocol"} <= results.keys():
            raise UserError(
                f"{path} holds no results of a labelled set; give a results.json that "
                f"--mode=evaluate wrote with data.source {' or '.join(LABELLED_SOURCES)}"
            )
        name = path.resolve().parent.name if path.name == "results.json" else path.stem
        if name in found:
            raise UserError(f"two results are called {name}, {path} is the second; rename its folder or file")
        found[name] = results
    return found


def table(results: Mapping[str, Mapping], scores: Sequence[str]) -> str:
    """The Markdown table, after a paragraph that explains it; then the figures of others, if there are some.

    Scores have a row as they are and, where it was evaluated, one by the published protocol. Scores without
    learning, which are the same for all models on one set with one protocol, have one row for all.
    """
    metrics = labelled_metrics([clip for of in results.values() for clip in of.get("few_frames", [])])
    rows: list[list[str]] = []
    for name, of in results.items():
        for figures in filter(None, (of, of.get("published"))):
            for score in (score for score in scores if score in figures["scores"]):
                model = "–" if score in WITHOUT_LEARNING else name
                row = _row(model, score, of["data_set"], figures, metrics)
                if score not in WITHOUT_LEARNING or row not in rows:
                    rows.append(row)
    about = f"{ABOUT} {ABOUT_FEW}" if len(metrics) > len(labelled_metrics([])) else ABOUT
    head = ("data set", "frames", "model", "score", *metrics.values(), "protocol")
    return "\n\n".join([about, markdown_table(head, rows), *_figures_of_others(results)])


def _figures_of_others(results: Mapping[str, Mapping]) -> list[str]:
    data_sets = dict.fromkeys(of["data_set"]["name"] for of in results.values())
    rows = [
        [name, figure.method, figure.auroc, figure.protocol]
        for name in data_sets
        for figure in figures_of(name)
    ]
    head = ("data set", "method", "AUROC micro", "protocol")
    return [ABOUT_OTHERS, markdown_table(head, rows)] if rows else []


def protocol_in_words(protocol: Mapping) -> str:
    """The post-processing steps of the scores in order, or "raw"."""
    dropped, sigma = protocol["dropped_frames"], protocol["smoothing"]
    steps = [f"first {dropped} frames of clips dropped"] if dropped else []
    steps += ["clips normalised"] if protocol["normalise_clips"] else []
    steps += [f"smoothed by {sigma:g} frames"] if sigma else []
    return ", ".join(steps) or "raw"


def _row(
    model: str, score: str, data_set: Mapping, figures: Mapping, metrics: Mapping[str, str]
) -> list[str]:
    """figures: `scores` and `protocol`, of results or of their `published`."""
    frames = sum(clip["frames"] for clip in data_set["clips"])
    anomalous = sum(clip["anomalous"] for clip in data_set["clips"])
    return [
        data_set["name"],
        f"{frames:,}, {anomalous:,} anomalous",
        model,
        f"`{score}`",
        *(with_interval(figures["scores"][score], name) for name in metrics),
        protocol_in_words(figures["protocol"]),
    ]


def _result_files(path: pathlib.Path) -> list[pathlib.Path]:
    """The file itself; of a run folder its results.json; else all result files in the folder."""
    if not path.is_dir():
        return [path]
    own = path / "results.json"
    return [own] if own.exists() else sorted([*path.glob("*.json"), *path.glob("*/results.json")])
