"""Metrics of a step, read when the next step is on its way.

To read a metric is to wait for its step. A loop that reads those of the step that it has just
launched leaves the device idle until the next launch; read one step late, the device has that next
step in its queue already.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import numpy as np


class StepMetrics(NamedTuple):
    """What one step gave.

    Attributes:
        step: its number, from 1 on.
        values: a number for each metric, by name.
        index_B: the training sequences of its batch.
    """

    step: int
    values: dict[str, float]
    index_B: np.ndarray


class DelayedMetrics:
    """Hands the metrics of each step to `receive`, in order, when the step after it is launched.

    `receive` may raise: then nothing of later steps is read.
    """

    def __init__(self, receive: Callable[[StepMetrics], None]):
        self._receive = receive
        self._pending: tuple[int, Mapping[str, jax.Array], np.ndarray] | None = None

    def launched(self, step: int, metrics: Mapping[str, jax.Array], index_B: np.ndarray) -> None:
        """A step is on its way; the one before it is read."""
        before, self._pending = self._pending, (step, metrics, index_B)
        self._read(before)

    def flush(self) -> None:
        """Waits for the step launched last and reads it, if that was not done yet."""
        before, self._pending = self._pending, None
        self._read(before)

    def _read(self, pending):
        if pending is not None:
            step, metrics, index_B = pending
            self._receive(StepMetrics(step, {name: float(value) for name, value in metrics.items()}, index_B))
