"""The results on labelled video sets as a Markdown table, one row per model and score."""

import pathlib
from collections.abc import Mapping, Sequence

from experiments.tables.readme_block import markdown_table
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.numbers import with_interval
from vpn_anomaly.report.results_table import LABELLED_METRICS
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES
from vpn_anomaly.storage import workdir

SCORES = ("any", "mean_nll", "detail_excess", *VIDEO_BASELINES)  # shown by default
HEAD = ("data set", "frames", "model", "score", *LABELLED_METRICS.values(), "protocol")
ABOUT = """\
Frame by frame on test clips: AUROC over all frames (micro) and as the mean over clips (macro), and the equal
error rate, each with its interval of 95% over clips. Frames: all of the test clips. Protocol: what was done to
their scores. Rows without learning have no model."""


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
    """The Markdown table, after a paragraph that explains it.

    Baseline scores, which are the same for all models on one set with one protocol, have one row.
    """
    rows, baseline_rows = [], set()
    for name, of in results.items():
        for score in (score for score in scores if score in of["scores"]):
            is_baseline = score in VIDEO_BASELINES
            row = _row("–" if is_baseline else name, score, of)
            if tuple(row) not in baseline_rows:
                rows.append(row)
            if is_baseline:
                baseline_rows.add(tuple(row))
    return f"{ABOUT}\n\n{markdown_table(HEAD, rows)}"


def protocol_in_words(protocol: Mapping) -> str:
    """The post-processing steps of the scores in order, or "raw"."""
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
        *(with_interval(metrics, name) for name in LABELLED_METRICS),
        protocol_in_words(results["protocol"]),
    ]


def _result_files(path: pathlib.Path) -> list[pathlib.Path]:
    """The file itself; of a run folder its results.json; else all result files in the folder."""
    if not path.is_dir():
        return [path]
    own = path / "results.json"
    return [own] if own.exists() else sorted([*path.glob("*.json"), *path.glob("*/results.json")])
