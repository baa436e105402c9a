"""Every score's metrics under one corruption: the middle layer of results.json."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.evaluation import bootstrap, metrics


def evaluate_scores(
    normal: dict[str, np.ndarray],
    anomalous: dict[str, np.ndarray],
    thresholds: Mapping[str, float] = types.MappingProxyType({}),
    resamples: int = 1000,
) -> dict[str, dict]:
    """Returns the metrics of every score under one corruption, ready for JSON.

    Args:
      normal: scores of the normal sequences by name, (N,) each.
      anomalous: scores of the anomalous ones by the same names, (P,) each.
      thresholds: of calibrated scores by name, by other normal sequences.
      resamples: bootstrap resamples of the intervals.

    Returns:
      For every name a dict of
      - `break_even_accuracy`, `auroc`, `average_precision`, `equal_error_rate`;
      - `calibrated`, where the score has a threshold: the `false_alarm_rate` that its
        threshold has on these normal sequences, and `accuracy`, `precision`, `recall`;
      - `ci95`: [low, high] of all of them, flat: `auroc`, `calibrated.recall`.
      What is undefined (an empty class, a NaN among the scores, the precision of no alarm) is None.
    """
    return {
        name: evaluate_score(normal[name], anomalous[name], thresholds.get(name), resamples)
        for name in normal
    }


def evaluate_score(
    normal_N: np.ndarray, anomalous_P: np.ndarray, threshold: float | None, resamples: int
) -> dict:
    """Returns the dict of one score; see `evaluate_scores`."""
    once = np.ones((1, len(normal_N) + len(anomalous_P)), np.int32)
    weights = bootstrap.resample_weights(len(normal_N), len(anomalous_P), resamples)
    values = _all_figures(normal_N, anomalous_P, threshold, once)
    resampled = [_all_figures(normal_N, anomalous_P, threshold, block) for block in bootstrap.blocks(weights)]
    result: dict[str, object] = {}
    calibrated: dict[str, float | None] = {}
    ci95 = {}
    for name, value in values.items():
        group, _, field = name.rpartition(".")
        (calibrated if group else result)[field] = None if math.isnan(value[0]) else float(value[0])
        ci95[name] = bootstrap.interval(np.concatenate([block[name] for block in resampled]))
    if calibrated:
        result["calibrated"] = calibrated
    return result | {"ci95": ci95}


def _all_figures(normal_N, anomalous_P, threshold, weights_RxNP) -> dict[str, np.ndarray]:
    """Returns all metrics of R weightings, (R,) each, calibrated ones under `calibrated.…`."""
    declared = metrics.declare(normal_N, anomalous_P, weights_RxNP)
    undefined = np.full(len(weights_RxNP), np.nan)
    defined = metrics.is_defined(normal_N, anomalous_P)
    figures = {
        name: function(declared) if defined else undefined for name, function in metrics.METRICS.items()
    }
    if threshold is not None:
        at_threshold = metrics.figures_at_threshold(declared, threshold)
        for name, value in at_threshold.items():
            figures[f"calibrated.{name}"] = value if defined else undefined
    return figures
