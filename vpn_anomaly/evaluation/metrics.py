"""How well a score separates anomalous sequences from normal ones.

Scores are higher for the more anomalous sequence; N of them are normal, P anomalous. Every metric
is a function of two step curves, the true and the false positives when the highest scores are
declared anomalous one distinct value after the other. A bootstrap resample gives each sequence a
weight, so the same functions serve all resamples at once.
"""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Declared:
    """Positives by threshold, for R weightings of the same sequences.

    Attributes:
      values_V: the distinct scores, highest first.
      true_RxK: weight of the anomalous sequences among the k highest values, k = 0 … V (K = V + 1).
      false_RxK: weight of the normal ones.
    """

    values_V: np.ndarray
    true_RxK: np.ndarray
    false_RxK: np.ndarray

    @property
    def normal_R(self) -> np.ndarray:
        return self.false_RxK[:, -1]

    @property
    def anomalous_R(self) -> np.ndarray:
        return self.true_RxK[:, -1]


def declare(
    normal_N: np.ndarray, anomalous_P: np.ndarray, weights_RxNP: np.ndarray | None = None
) -> Declared:
    """Returns the positives by threshold.

    Args:
      normal_N: scores of normal sequences.
      anomalous_P: scores of anomalous sequences.
      weights_RxNP: whole numbers, R weightings of the N normal and then the P anomalous sequences;
        by default a single one, in which each counts once.
    """
    scores = np.concatenate([normal_N, anomalous_P])
    if weights_RxNP is None:
        weights_RxNP = np.ones((1, len(scores)), np.int32)
    order = np.argsort(-scores, kind="stable")
    values = scores[order]
    is_last_of_tie = np.append(values[1:] != values[:-1], True)[: len(values)]
    ends = np.concatenate([[0], 1 + np.flatnonzero(is_last_of_tie)])

    def cumulative(weights):
        running = np.zeros((len(weights), len(scores) + 1), np.int32)
        np.cumsum(weights, axis=1, out=running[:, 1:])
        return running[:, ends]

    weights = weights_RxNP[:, order]
    true = cumulative(weights * (order >= len(normal_N)))
    return Declared(values[is_last_of_tie], true, cumulative(weights) - true)


def _break_even_accuracy(declared: Declared) -> np.ndarray:
    total = declared.true_RxK + declared.false_RxK
    positives = declared.anomalous_R
    tie = np.argmax(total >= positives[:, None], axis=1)
    row = np.arange(len(tie))
    above, tied = total[row, tie - 1], total[row, tie] - total[row, tie - 1]
    true_above = declared.true_RxK[row, tie - 1]
    true_tied = declared.true_RxK[row, tie] - true_above
    true = true_above + true_tied * (positives - above) / tied
    return (2 * true + declared.normal_R - positives) / (declared.normal_R + positives)


def _equal_error_rate(declared: Declared) -> np.ndarray:
    normal = declared.normal_R.astype(np.int64)
    positives = declared.anomalous_R
    false, missed = declared.false_RxK, positives[:, None] - declared.true_RxK
    # FPR − FNR times N·P: whole numbers, so its sign is exact.
    balance = false * positives.astype(np.int64)[:, None] - missed * normal[:, None]
    after = np.argmax(balance >= 0, axis=1)
    row = np.arange(len(after))
    low, high = balance[row, after - 1], balance[row, after]
    part = -low / (high - low)
    before_rate, after_rate = false[row, after - 1] / normal, false[row, after] / normal
    return before_rate + part * (after_rate - before_rate)


def _auroc(declared: Declared) -> np.ndarray:
    true, false = declared.true_RxK, declared.false_RxK
    width, twice_height = false[:, 1:] - false[:, :-1], true[:, 1:] + true[:, :-1]
    twice_area = np.multiply(width, twice_height, dtype=np.int64).sum(axis=1)
    return twice_area / (2.0 * declared.normal_R * declared.anomalous_R)


def _average_precision(declared: Declared) -> np.ndarray:
    true, total = declared.true_RxK[:, 1:], (declared.true_RxK + declared.false_RxK)[:, 1:]
    gained = true - declared.true_RxK[:, :-1]
    return np.sum(gained * (true / np.maximum(total, 1)), axis=1) / declared.anomalous_R


METRICS = {
    "break_even_accuracy": _break_even_accuracy,
    "auroc": _auroc,
    "average_precision": _average_precision,
    "equal_error_rate": _equal_error_rate,
}


def metric(name: str, normal_N: np.ndarray, anomalous_P: np.ndarray) -> float | None:
    """Returns a metric of `METRICS`; None where a class is empty or a score is NaN."""
    if not is_defined(normal_N, anomalous_P):
        return None
    return float(METRICS[name](declare(normal_N, anomalous_P))[0])


def is_defined(normal_N: np.ndarray, anomalous_P: np.ndarray) -> bool:
    """Returns whether both classes are there and every score is a number."""
    both = len(normal_N) > 0 and len(anomalous_P) > 0
    return both and not (np.isnan(normal_N).any() or np.isnan(anomalous_P).any())


def break_even_accuracy(normal_N: np.ndarray, anomalous_P: np.ndarray) -> float | None:
    """Returns the accuracy where precision equals recall, which the paper calls "EER".

    The P highest scores are declared anomalous, so precision = recall; when N = P both equal the
    accuracy, and it is 1 − `equal_error_rate`. Ties across the cut count by expectation. At other
    ratios N:P the chance level is not one half: print the ratio beside it.
    """
    return metric("break_even_accuracy", normal_N, anomalous_P)


def equal_error_rate(normal_N: np.ndarray, anomalous_P: np.ndarray) -> float | None:
    """Returns the rate at which false positives equal false negatives; lower is better.

    The usual EER of video anomaly detection, interpolated along the ROC curve.
    """
    return metric("equal_error_rate", normal_N, anomalous_P)


def auroc(normal_N: np.ndarray, anomalous_P: np.ndarray) -> float | None:
    """Returns the probability that an anomalous score exceeds a normal one, ties counting half."""
    return metric("auroc", normal_N, anomalous_P)


def average_precision(normal_N: np.ndarray, anomalous_P: np.ndarray) -> float | None:
    """Returns Σ (recall gained at a threshold) · (precision there), without interpolation."""
    return metric("average_precision", normal_N, anomalous_P)


def roc_curve(normal_N: np.ndarray, anomalous_P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns false and true positive rates, (K,) each, from (0, 0) to (1, 1)."""
    declared = declare(normal_N, anomalous_P)
    return declared.false_RxK[0] / len(normal_N), declared.true_RxK[0] / len(anomalous_P)


def figures_at_threshold(declared: Declared, threshold: float) -> dict[str, np.ndarray]:
    """Returns what declaring every score above a threshold gives, each (R,).

    Returns:
      `false_alarm_rate` (of the normal sequences, the part declared), `accuracy`, `precision` (NaN
      where nothing is declared), `recall`; NaN where a class is empty.
    """
    cut = int(np.sum(declared.values_V > threshold))
    true, false = declared.true_RxK[:, cut], declared.false_RxK[:, cut]
    normal, anomalous = declared.normal_R, declared.anomalous_R
    with np.errstate(invalid="ignore"):
        return {
            "false_alarm_rate": false / normal,
            "accuracy": (true + normal - false) / (normal + anomalous),
            "precision": true / (true + false),
            "recall": true / anomalous,
        }


def pixel_auroc(map_NxHxW: np.ndarray, changed_NxHxW: np.ndarray, counted_NxHxW: np.ndarray) -> float | None:
    """Returns how well a map tells changed pixels from the others: its AUROC over counted pixels.

    Args:
      map_NxHxW: surprise, or another statistic, of every pixel.
      changed_NxHxW: bool; the ground truth of the corruption.
      counted_NxHxW: bool, or any shape that broadcasts to it; the pixels that count.

    Returns:
      The probability that a changed pixel exceeds an unchanged one, ties counting half, over all
      pixels of all sequences; None where there are none of a kind or a counted value is NaN.
    """
    counted = np.broadcast_to(counted_NxHxW, map_NxHxW.shape)
    changed = np.sort(map_NxHxW[counted & changed_NxHxW])
    unchanged = np.sort(map_NxHxW[counted & ~changed_NxHxW])
    if not is_defined(unchanged, changed):
        return None
    # Each changed pixel beats those left of it; those equal to it count half.
    below = np.searchsorted(unchanged, changed, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(unchanged, changed, side="right").sum(dtype=np.int64)
    return float((below + not_above) / (2.0 * len(changed) * len(unchanged)))
