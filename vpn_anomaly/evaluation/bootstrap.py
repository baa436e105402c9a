"""Bootstrap over sequences: intervals of metrics and of differences between two scores.

Normal and anomalous sequences are resampled apart. The resamples depend on the two counts only, so
two scores of the same sequences are compared on the same resamples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.evaluation import metrics

SEED = 20181126
COVERAGE = 0.95
# Resamples are worked on in blocks that stay in the cache: resamples × sequences of a block.
BLOCK_ELEMENTS = 1 << 17


def resample_weights(normal: int, anomalous: int, resamples: int, seed: int = SEED) -> np.ndarray:
    """Returns how often each sequence was drawn, int32 (resamples, normal + anomalous)."""
    rng = np.random.default_rng(seed)

    def times_drawn(count):
        drawn = rng.integers(0, max(count, 1), (resamples, count))
        drawn += np.arange(resamples)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=resamples * count)
        return times.reshape(resamples, count).astype(np.int32)

    return np.concatenate([times_drawn(normal), times_drawn(anomalous)], axis=1)


def blocks(weights_RxNP: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the resamples' weights a few rows at a time."""
    rows = max(1, BLOCK_ELEMENTS // max(1, weights_RxNP.shape[1]))
    for start in range(0, len(weights_RxNP), rows):
        yield weights_RxNP[start : start + rows]


def interval(values_R: np.ndarray) -> list[float] | None:
    """Returns [low, high], the central 95% of the values that are defined; None without any."""
    defined = values_R[~np.isnan(values_R)]
    if not len(defined):
        return None
    tail = (1 - COVERAGE) / 2
    return [float(bound) for bound in np.quantile(defined, [tail, 1 - tail])]


def resampled_metric(
    name: str, normal_N: np.ndarray, anomalous_P: np.ndarray, weights_RxNP: np.ndarray
) -> np.ndarray:
    """Returns the metric `name` of every resample, (R,)."""
    return np.concatenate(
        [
            metrics.METRICS[name](metrics.declare(normal_N, anomalous_P, block))
            for block in blocks(weights_RxNP)
        ]
    )


class Resampled(NamedTuple):
    """A metric, or a mean of it over seeds: of the sequences themselves, and of every resample, (R,)."""

    value: float
    resamples_R: np.ndarray


def paired_difference(first: Resampled, second: Resampled) -> tuple[float, list[float] | None]:
    """Compares two systems, or two scores, on the same resamples of the same sequences.

    Returns:
      First minus second, and its 95% interval [low, high]: the two differ at that level when it
      leaves out 0. None for an interval where no resample defines both.

    Raises:
      ValueError: the two do not have the same number of resamples.
    """
    counts = len(first.resamples_R), len(second.resamples_R)
    if counts[0] != counts[1]:
        raise ValueError(f"not the same resamples: {counts[0]} and {counts[1]} of them")
    return first.value - second.value, interval(first.resamples_R - second.resamples_R)
