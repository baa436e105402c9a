"""Evaluation on test sequences: normal ones against others under every corruption."""

import datetime
import pathlib
import time
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.corruptions import draw_corruptions
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.data.pipeline import EvaluationClips, clips_at, evaluation_clips
from vpn_anomaly.evaluation.metrics import pixel_auroc
from vpn_anomaly.evaluation.score_metrics import evaluate_scores
from vpn_anomaly.progress import Progress
from vpn_anomaly.report.evaluation_figures import draw_figures
from vpn_anomaly.report.evaluation_page import write_report
from vpn_anomaly.scoring.baselines import baseline_scores
from vpn_anomaly.scoring.clip_calibration import clip_calibration
from vpn_anomaly.scoring.clip_scorer import Scorer
from vpn_anomaly.scoring.trained_model import Trained
from vpn_anomaly.storage import provenance, workdir


class Scored(NamedTuple):
    """Sequences with their scores (N,) and maps (N, H, W) of the last frame, by name."""

    scores: dict[str, np.ndarray]
    maps: dict[str, np.ndarray]
    counted: np.ndarray  # bool (N, H, W)
    changed: np.ndarray  # bool (N, H, W)


def evaluate(
    config, trained: Trained, directory: pathlib.Path, training_seconds: float | None = None
) -> dict:
    """Evaluates what was trained; writes results.json, scores.npz, figures and report.html.

    Args:
        training_seconds: what training took, calibration included; None: as the checkpoint says.

    Returns:
        The content of results.json. `nats_per_frame` is the mean surprise of hidden pixels of
        normal sequences, times the pixels and colours of a frame; None for a system that predicts
        no distribution. `step_flops`: operations of one training step (`models/costs.py`).

    UserError where the source has too few test sequences.
    """
    started = time.monotonic()
    scorer, metadata = trained.scorer(config), trained.metadata
    source = build_source(config.data, config.score.max_gigabytes)
    thresholds = clip_calibration(trained, scorer, source, config.evaluate.calibration_sequences)
    normal, others = _score_test_set(config, scorer, source, thresholds)
    rate, resamples = config.evaluate.false_alarm_rate, config.evaluate.bootstrap
    results = {
        "corruptions": {
            kind: evaluate_scores(normal.scores, other.scores, thresholds, rate, resamples)
            for kind, other in others.items()
        },
        "maps": {kind: _map_metrics(other) for kind, other in others.items()},
        "nats_per_frame": _nats_per_frame(normal.scores, source.shape),
        **provenance.of_run(config, scorer.system, scorer.params, metadata),
    }
    _write_scores(directory / "scores.npz", normal, others)
    uncorrupted = clips_at(source, "test", [config.evaluate.sequences])
    first = _score(uncorrupted, scorer, thresholds, progress=lambda count: None)
    draw_figures(config, directory, scorer, source, (normal, others, first), thresholds)
    training_seconds = training_seconds or metadata["wall_seconds"]
    results["wall_seconds"] = training_seconds + time.monotonic() - started
    write_report(directory, results, datetime.datetime.now())
    workdir.write_results(directory, results)  # last: with it the run is finished
    return results


def _score_test_set(config, scorer, source, thresholds) -> tuple[Scored, dict[str, Scored]]:
    """The normal test sequences, and the others under each corruption."""
    count, kinds = config.evaluate.sequences, tuple(config.evaluate.corruptions)
    mixed_from_others = {"temporal", "spatial", "mixed"} <= set(kinds)
    runs = 1 + len(kinds) - mixed_from_others
    progress = Progress.counting("evaluating", runs * count, "sequences")
    score = lambda kind: _score(evaluation_clips(source, "test", count, kind), scorer, thresholds, progress)
    normal = score(None)
    others = {kind: score(kind) for kind in kinds if kind != "mixed" or not mixed_from_others}
    if mixed_from_others:
        index_N = count + np.arange(count)
        temporal_N, _, _ = draw_corruptions("mixed", sequence_seed(0, "test"), "test", index_N)
        others["mixed"] = _choose(temporal_N, others["temporal"], others["spatial"])
    return normal, {kind: others[kind] for kind in kinds}


def _score(sequences: EvaluationClips, scorer: Scorer, thresholds, progress) -> Scored:
    """The system's scores and maps of the last frame, `any`, and the scores without learning."""
    last = sequences.clip.shape[1] - 1
    parts = []
    for scores, maps in scorer.batches(sequences.clip, (last,)):
        parts.append(({**scores, "counted": maps.counted}, maps.value))
        progress(len(maps.counted))
    scores, maps = (_joined([part[place] for part in parts]) for place in (0, 1))
    counted = scores.pop("counted")
    scores |= thresholds.derived(scores)
    scores |= baseline_scores(sequences.clip, last)
    return Scored(scores, maps, counted, sequences.changed)


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenates batches of the one scored frame, (b, 1, ...) each, to (N, ...)."""
    return {name: np.concatenate([part[name][:, 0] for part in parts]) for name in parts[0]}


def _choose(first_N: np.ndarray, first: Scored, second: Scored) -> Scored:
    """Sequence by sequence one of two: a mixed corruption is one of the two kinds, to the byte."""

    def choose(a, b):
        return np.where(first_N.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(choose, first, second)


def _nats_per_frame(scores, shape) -> float | None:
    if "mean_nll" not in scores:
        return None
    return float(np.mean(scores["mean_nll"])) * int(np.prod(shape[1:]))


def _map_metrics(scored: Scored) -> dict[str, dict]:
    return {
        name: {"pixel_auroc": pixel_auroc(map_NxHxW, scored.changed, scored.counted)}
        for name, map_NxHxW in scored.maps.items()
    }


def _write_scores(path: pathlib.Path, normal: Scored, others: dict[str, Scored]) -> None:
    """Every sequence's scores: arrays (N,) named normal/SCORE and CORRUPTION/SCORE."""
    arrays = {
        f"{group}/{name}": score_N
        for group, scored in {"normal": normal, **others}.items()
        for name, score_N in scored.scores.items()
    }
    workdir.write_atomically(path, lambda file: np.savez(file, **arrays))
