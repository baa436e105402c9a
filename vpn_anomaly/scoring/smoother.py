"""Scores smoothed over time, by what has been seen only."""

import math
from collections.abc import Mapping


class Smoother:
    """The exponential mean of every score over the past frames of a stream.

    A frame's weight in it is 1/n, or, as long as fewer have been seen, the same as that of each of them; that
    of earlier frames falls by 1 − 1/n with every frame. A score that is NaN stays so, and is not remembered.
    """

    def __init__(self, frames: int):
        """frames: n; 0 or 1: scores stay as they are."""
        self._frames = max(1, frames)
        self._mean: dict[str, float] = {}
        self._seen: dict[str, int] = {}

    def __call__(self, scores: Mapping[str, float]) -> dict[str, float]:
        """The smoothed scores of the next frame."""
        return {name: self._smoothed(name, score) for name, score in scores.items()}

    def _smoothed(self, name: str, score: float) -> float:
        if math.isnan(score) or self._frames == 1:
            return score
        seen = self._seen[name] = min(self._seen.get(name, 0) + 1, self._frames)
        mean = self._mean.get(name, 0.0)
        self._mean[name] = mean + (score - mean) / seen
        return self._mean[name]
