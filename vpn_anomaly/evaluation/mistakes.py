"""Which sequences a score gets wrong where precision equals recall, and which it finds extreme."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.evaluation.metrics import break_even_accuracy


@dataclasses.dataclass(frozen=True, eq=False)
class Misses:
    """The mistakes of one score, the worst first.

    Attributes:
        score: its name.
        missed: places of anomalous sequences that are not declared, the lowest score first.
        mistaken: places of normal sequences that are declared, the highest score first.
    """

    score: str
    missed: np.ndarray
    mistaken: np.ndarray

    def __len__(self):
        return len(self.missed) + len(self.mistaken)


def fewest_misses(
    normal: Mapping[str, np.ndarray], anomalous: Mapping[str, np.ndarray], names: Iterable[str]
) -> Misses | None:
    """The misses of the score, of those named, that makes fewest.

    Args:
        normal, anomalous: scores (N,) and (P,) by name.

    None where no named score is defined.
    """
    found = {name: break_even_accuracy(normal[name], anomalous[name]) for name in names}
    accuracy = {name: value for name, value in found.items() if value is not None}
    if not accuracy:
        return None
    best = max(accuracy, key=accuracy.__getitem__)
    return misses(best, normal[best], anomalous[best])


def misses(score: str, normal_N: np.ndarray, anomalous_P: np.ndarray) -> Misses:
    """The mistakes where as many sequences are declared as are anomalous, ties included."""
    threshold = np.sort(np.concatenate([normal_N, anomalous_P]))[-len(anomalous_P)]
    by_score_P, by_score_N = np.argsort(anomalous_P), np.argsort(-normal_N)
    return Misses(
        score,
        by_score_P[anomalous_P[by_score_P] < threshold],
        by_score_N[normal_N[by_score_N] >= threshold],
    )


def extremes(
    normal_N: np.ndarray, anomalous_P: np.ndarray, count: int
) -> tuple[list[tuple[bool, int]], list[tuple[bool, int]]]:
    """The most and the least anomalous of all sequences, by their scores, the most extreme first.

    Of each `count`, or half of all where these are fewer: none is in both.

    Returns:
      Whether the sequence is an anomalous one, and its place among those.
    """
    score = np.concatenate([normal_N, anomalous_P])
    ascending = np.argsort(score, kind="stable").tolist()
    count = min(count, len(score) // 2)
    of_group = lambda number: (number >= len(normal_N), number - len(normal_N) * (number >= len(normal_N)))
    least, most = ascending[:count], ascending[::-1][:count]
    return [of_group(number) for number in most], [of_group(number) for number in least]
