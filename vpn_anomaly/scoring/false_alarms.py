"""The false alarms that normal footage raises, and the interval of their rate over clips."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vpn_anomaly.scoring.poisson import poisson_interval

CONFIDENCE = 0.95
RESAMPLES, SEED = 2000, 20181126


class Rate(NamedTuple):
    """A rate per frame, and the interval in which it lies with CONFIDENCE."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, eq=False)
class FalseAlarms:
    """The flagged frames of normal clips. A run of them is one alarm.

    Attributes:
        flagged_N: bool, in the order of the clips.
        clip_N: the clip of each frame, from 0, in order.
    """

    flagged_N: np.ndarray
    clip_N: np.ndarray

    @classmethod
    def pooled(cls, parts: Sequence["FalseAlarms"]) -> "FalseAlarms":
        """Those of several groups of clips."""
        first = np.cumsum([0, *(part.clips for part in parts[:-1])])
        numbers = [part.clip_N + start for part, start in zip(parts, first, strict=True)]
        return cls(np.concatenate([part.flagged_N for part in parts]), np.concatenate(numbers))

    @property
    def frames(self) -> int:
        return len(self.flagged_N)

    @property
    def clips(self) -> int:
        return int(self.clip_N[-1]) + 1

    @functools.cached_property
    def alarms(self) -> int:
        return int(runs_by_clip(self.flagged_N, self.clip_N).sum())

    @functools.cached_property
    def of_frames(self) -> Rate:
        """The part of the frames that is flagged."""
        return self._rate(np.bincount(self.clip_N, self.flagged_N))

    @functools.cached_property
    def per_frame(self) -> Rate:
        """The alarms per frame."""
        return self._rate(runs_by_clip(self.flagged_N, self.clip_N))

    def _rate(self, count_C: np.ndarray) -> Rate:
        """The rate of what is counted in every clip.

        Its interval is that over resampled clips, and not narrower than the exact one for independent
        alarms: that no clip raised any is no proof that none will.
        """
        length_C = np.bincount(self.clip_N)
        drawn_RxC = np.random.default_rng(SEED).integers(0, self.clips, (RESAMPLES, self.clips))
        rate_R = count_C[drawn_RxC].sum(1) / length_C[drawn_RxC].sum(1)
        each_side = (1 - CONFIDENCE) / 2
        low, high = np.quantile(rate_R, [each_side, 1 - each_side])
        per_alarm = count_C.sum() / self.alarms if self.alarms else 1.0
        fewest, most = np.multiply(poisson_interval(self.alarms, CONFIDENCE), per_alarm / self.frames)
        value = count_C.sum() / self.frames
        return Rate(float(value), float(min(low, fewest)), float(min(1.0, max(high, most))))


def runs_by_clip(flagged_N: np.ndarray, clip_N: np.ndarray) -> np.ndarray:
    """How many runs of flagged frames every clip has, (C,). clip_N: the clip of each frame, from 0, in order."""
    flagged_N = np.asarray(flagged_N, bool)
    goes_on_N = np.append(False, flagged_N[:-1] & (clip_N[1:] == clip_N[:-1]))
    return np.bincount(clip_N, flagged_N & ~goes_on_N)
