"""Accuracy of a row, mean over seeds with a bootstrap interval over test sequences; paired differences."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from experiments.tables.stored_results import METRIC, Run
from vpn_anomaly.evaluation import bootstrap

RESAMPLES = 1000


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Break-even accuracy of a row by one score, 0..1.

    Attributes:
      score: name of the score.
      seeds_S: accuracy per seed.
      resampled_R: mean over seeds per bootstrap resample; all seeds share the resamples.
    """

    score: str
    seeds_S: np.ndarray
    resampled_R: np.ndarray

    @property
    def mean(self) -> float:
        return float(np.mean(self.seeds_S))

    @property
    def deviation(self) -> float | None:
        """Standard deviation over seeds (divisor S − 1); None for a single seed."""
        return float(np.std(self.seeds_S, ddof=1)) if len(self.seeds_S) > 1 else None

    @property
    def ci95(self) -> list[float]:
        """95% interval [low, high] of the mean over seeds, resampling test sequences."""
        return bootstrap.interval(self.resampled_R)

    def minus(self, other: "Accuracy") -> tuple[float, list[float]]:
        """The difference of the means over seeds, with its 95% interval on shared resamples."""
        pair = (bootstrap.Resampled(one.mean, one.resampled_R) for one in (self, other))
        return bootstrap.paired_difference(*pair)


def accuracy_over_seeds(runs: Sequence[Run], corruption: str, score: str) -> Accuracy | None:
    """The accuracy over all runs of a row; None if there are no runs, or a run lacks this score.

    Raises:
      UserError: seedN.json and seedN.npz are from different runs.
    """
    if not runs or not all(run.has(corruption, score) for run in runs):
        return None
    values = [run.accuracy(corruption, score) for run in runs]
    if None in values:
        return None
    resampled = [_resampled(run, corruption, score) for run in runs]
    return Accuracy(score, np.array(values), np.mean(resampled, axis=0))


def _resampled(run: Run, corruption: str, score: str) -> np.ndarray:
    normal_N, corrupted_P = run.pair(corruption, score)
    weights = _weights(len(normal_N), len(corrupted_P))
    return bootstrap.resampled_metric(METRIC, normal_N, corrupted_P, weights)


@functools.lru_cache(maxsize=2)
def _weights(normal: int, corrupted: int) -> np.ndarray:
    return bootstrap.resample_weights(normal, corrupted, RESAMPLES)
