"""The exact interval of the mean of a Poisson variable."""

import math

import numpy as np


def poisson_interval(count: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a Poisson mean after `count` events (Garwood, 1936).

    Its ends are the means under which as many events or more, or as few or fewer, have the
    probability (1 − confidence) / 2. The lower end is 0 after no events.
    """
    each_side = (1 - confidence) / 2
    low = _mean_with(count - 1, 1 - each_side) if count else 0.0
    return low, _mean_with(count, each_side)


def _mean_with(count: int, probability: float) -> float:
    """The mean of the Poisson variable that is `count` or less with this probability."""
    number = np.arange(count + 1)
    log_factorial = np.cumsum(np.log(np.maximum(number, 1)))

    def at_most_count(mean: float) -> float:
        return float(np.exp(number * math.log(mean) - mean - log_factorial).sum())

    low, high = 0.0, 1.0
    while at_most_count(high) > probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):  # until no number lies between
        if at_most_count(middle) > probability:
            low = middle
        else:
            high = middle
    return middle
