"""From scores to p-values, to one combined score and to thresholds, given the scores of normal sequences."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vpn_anomaly.scoring.scores import SCORES

COMBINED = 3  # scores that `any` is made of, or more; or novelty alone
NOVELTY = "novelty"
ERROR = "frame_error"  # the score that `regularity` is made of
RESIDUAL = "motion_compensated_residual"  # without learning; `any_with_residual` has it beside those of `any`
# What the scores that need normal ones measure (`Calibration.derived`).
DERIVED = {
    NOVELTY: "how unusual it is for this camera in all ways together: the sum of −log p over them, in nats",
    "any": "one score to alarm on: the least p-value of several scores, corrected, as −log p in nats",
    "regularity": "the error of a frame beside the least and greatest of normal ones (Medel and Savakis), negated",
    "any_joint": "`any` with the surprise of what is shown as one p-value more, in nats",
    "any_with_residual": "`any` with the motion-compensated residual as one p-value more, in nats",
}
# The exponential tail is fitted to the scores above this quantile.
TAIL_QUANTILE = 0.9


class _Curve(NamedTuple):
    """What the p-values of a score are made of.

    Attributes:
      values, survival: the distinct calibration scores, ascending, and their p-values, (V,) each.
      above, below: the scales of the tails beyond the greatest and below the least.
    """

    values: np.ndarray
    survival: np.ndarray
    above: float
    below: float

    @classmethod
    def of(cls, sorted_N: np.ndarray) -> _Curve:
        scores = sorted_N.astype(np.float64)
        values, first = np.unique(scores, return_index=True)
        survival = (len(scores) - first) / (len(scores) + 1)
        return cls(values, survival, _tail_scale(sorted_N), _tail_scale(-sorted_N[::-1]))


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Scores of normal sequences that neither trained the model nor test it.

    Attributes:
      scores: by name, sorted, (N,) each; a plain dict of arrays, as it is stored, and those of
        `derived`.
    """

    scores: dict[str, np.ndarray]
    _curves: dict[str, _Curve] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def fit(cls, scores: dict[str, np.ndarray]) -> Calibration:
        """Returns the calibration by the scores of N normal sequences, (N,) each in the same order.

        Raises:
          ValueError: a score has no values or a NaN.
        """
        for name, values in scores.items():
            if not np.size(values) or np.isnan(values).any():
                raise ValueError(f"calibration needs numbers, score {name!r} has none or NaN")
        calibration = cls({name: np.sort(values) for name, values in scores.items()})
        known = calibration._with_novelty(scores)
        if NOVELTY in known:  # first, as `any` is made of it
            calibration.scores[NOVELTY] = np.sort(known[NOVELTY])
        derived = calibration.derived(known)
        calibration.scores.update({name: np.sort(values) for name, values in derived.items()})
        return calibration

    def derived(self, scores: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
        """Returns the scores that need normal ones, of the scores' shape.

        `novelty`, `any`, `regularity`, `any_joint`, which is `any` with the surprise of what is shown, and
        `any_with_residual`, where the residual was calibrated, too.

        Each only where the scores that it is made of are there.
        """
        scores, derived = self._with_novelty(scores), {}
        if NOVELTY in scores:
            derived[NOVELTY] = np.asarray(scores[NOVELTY])
        if combined(scores):
            derived["any"] = self.any(scores)
        if ERROR in scores:
            derived["regularity"] = self.regularity(scores[ERROR])
        if jointly_combined(scores):
            derived["any_joint"] = -self.log_least_p(jointly_combined(scores), scores)
        if combined(scores) and RESIDUAL in scores and RESIDUAL in self.scores:
            derived["any_with_residual"] = -self.log_least_p((*combined(scores), RESIDUAL), scores)
        return derived

    def novelty(self, scores: Mapping[str, ArrayLike]) -> np.ndarray:
        """Returns −Σ log p over the scores `in_novelty`, of their shape, nats.

        Fisher's way to combine tests: ways of being unusual that go together count together. Its own p-value
        is by the novelty of normal sequences, so that they need not be independent.
        """
        return -np.sum([self.log_p_value(name, scores[name]) for name in novelty_parts(scores)], axis=0)

    def regularity(self, error_x: ArrayLike) -> np.ndarray:
        """Returns (error − least) / greatest − 1, of the errors' shape.

        The regularity score of Medel and Savakis is 1 − (error − least) / greatest; as every score
        here is higher for a more anomalous frame, this is minus that. Least and greatest error are
        those of the normal sequences: one scored frame has no range of its own.
        """
        normal = self.scores[ERROR]
        return (np.asarray(error_x, np.float64) - normal[0]) / normal[-1] - 1

    def p_value(self, name: str, score_x: ArrayLike) -> np.ndarray:
        """Returns the probability that a normal sequence scores as high; see `log_p_value`."""
        return np.exp(self.log_p_value(name, score_x))

    def log_p_value(self, name: str, score_x: ArrayLike) -> np.ndarray:
        """Returns the logarithm of the p-values, of the scores' shape; strictly decreasing.

        At a calibration score s: p = #{scores ≥ s} / (N + 1). Between two of them linear. Beyond
        the greatest p falls as exp(−(s − greatest) / scale), with the mean excess over the 90%
        quantile as the scale; below the least 1 − p falls likewise. So different scores have
        different p-values, however far above the normal ones they lie.
        """
        curve = self._curve(name)
        # asarray keeps float64: float32 scores are not rounded further.
        score_x = np.asarray(score_x, np.float64)
        beyond = np.maximum(score_x - curve.values[-1], 0) / curve.above
        below = np.maximum(curve.values[0] - score_x, 0) / curve.below
        inside = np.interp(score_x, curve.values, curve.survival)
        return np.log1p(-(1 - inside) * np.exp(-below)) - beyond

    def threshold(self, name: str, false_alarm_rate: float) -> float:
        """Returns the score whose p-value is the rate, 0 < rate < 1: alarm where it is exceeded."""
        values, survival, above, below = self._curve(name)
        if false_alarm_rate < survival[-1]:
            return float(values[-1] + np.log(survival[-1] / false_alarm_rate) * above)
        if false_alarm_rate > survival[0]:
            return float(values[0] - np.log((1 - survival[0]) / (1 - false_alarm_rate)) * below)
        return float(np.interp(-false_alarm_rate, -survival, values))

    def any(self, scores: Mapping[str, ArrayLike]) -> np.ndarray:
        """Returns −log(1 − (1 − p)ⁿ), p the least of the p-values of the n `combined(scores)`, of their shape.

        Higher is more anomalous; in nats.
        """
        return -self.log_least_p(combined(scores), scores)

    def log_least_p(self, names: Collection[str], scores: Mapping[str, ArrayLike]) -> np.ndarray:
        """Returns the `log_corrected` least p-value of the scores of these names, of their shape."""
        scores = self._with_novelty(scores)
        log_p = np.min([self.log_p_value(name, scores[name]) for name in names], axis=0)
        return log_corrected(log_p, len(names))

    def record(self, names: Collection[str]) -> dict[str, dict]:
        """What `log_p_value` of each of these scores is made of, plain JSON; see `_Curve`."""
        return {
            name: {"values": curve.values.tolist(), "survival": curve.survival.tolist()}
            | {"above": curve.above, "below": curve.below}
            for name in names
            for curve in [self._curve(name)]
        }

    def _with_novelty(self, scores: Mapping[str, ArrayLike]) -> Mapping[str, ArrayLike]:
        """The scores, with their novelty where they have one."""
        if NOVELTY in scores or not novelty_parts(scores):
            return scores
        return {**scores, NOVELTY: self.novelty(scores)}

    def _curve(self, name: str) -> _Curve:
        """Made once: every frame of a stream needs it."""
        if name not in self._curves:
            self._curves[name] = _Curve.of(self.scores[name])
        return self._curves[name]


def log_corrected(log_p: np.ndarray, count: int) -> np.ndarray:
    """Returns log(1 − (1 − p)ⁿ), p the least of n p-values.

    Were the n independent, 1 − (1 − p)ⁿ would be the probability that a normal sequence has a least
    p-value as small.
    """
    # 1 − (1 − p)ⁿ = p (n − …): exact for the smallest p, where the left side cancels.
    p = np.exp(log_p)
    rest, power = count, 1
    for k in range(1, count):
        power = power * p
        rest = rest + (-1) ** k * math.comb(count, k + 1) * power
    return log_p + np.log(rest)


def combined(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names that `any` is made of: those `in_any`; empty for fewer than three other than novelty."""
    chosen = in_any(names)
    return chosen if len(chosen) >= COMBINED or NOVELTY in chosen else ()


def jointly_combined(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names that `any_joint` is made of: those of `any` and those `in_joint`; empty without either."""
    joint = tuple(score.name for score in SCORES if score.in_joint and score.name in names)
    return (*combined(names), *joint) if joint and combined(names) else ()


def in_any(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names of scores that combined scores are made of, in the order of SCORES; or novelty alone.

    Of several that find one kind of event the last.
    """
    if novelty_parts(names):
        return (NOVELTY,)
    chosen = {score.event_kind: score.name for score in SCORES if score.in_any and score.name in names}
    return tuple(score.name for score in SCORES if score.name in chosen.values())


def novelty_parts(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names that novelty is made of, in the order of SCORES; empty unless all are there."""
    parts = tuple(score.name for score in SCORES if score.in_novelty)
    return parts if set(parts) <= set(names) else ()


def derived_names(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names of the scores that `Calibration.derived` makes of these."""
    any_values = {name: np.arange(2.0) for name in names}
    return tuple(Calibration.fit(any_values).derived(any_values))


def derived_from(names: Collection[str]) -> tuple[str, ...]:
    """Returns the names that derived scores are made of: a calibration with these gives all derived ones."""
    of_regularity = (ERROR,) if ERROR in names else ()
    of_any = novelty_parts(names) or jointly_combined(names) or combined(names)
    return (*of_any, *of_regularity)


def _tail_scale(sorted_N: np.ndarray) -> float:
    """Returns the mean excess over the 90% quantile: the maximum-likelihood exponential scale.

    Where the upper scores are all equal there is no excess; a rounding error of the greatest stands
    for it, so that p-values beyond still fall.
    """
    scores = sorted_N.astype(np.float64)
    start = np.quantile(scores, TAIL_QUANTILE)
    upper = scores[scores > start]
    rounding_error = np.finfo(np.float32).eps * max(1.0, abs(scores[-1]))
    return float(np.mean(upper - start)) if len(upper) else float(rounding_error)
