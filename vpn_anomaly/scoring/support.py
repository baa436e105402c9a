"""How rare a high score normal footage can show to be."""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from vpn_anomaly.scoring.false_alarms import runs_by_clip

HIGH = 0.9  # quantile; the frames above it show how much frames depend on each other


@dataclasses.dataclass(frozen=True)
class Support:
    """What the scores of normal footage are worth.

    Attributes:
        frames, clips: how many there are.
        independent: how many independent frames these are worth, see `independent_frames`.
    """

    frames: int
    clips: int
    independent: float

    @classmethod
    def of(cls, scores: Iterable[np.ndarray], clip_N: np.ndarray) -> "Support":
        """Of several scores, (N,) each, the least. clip_N: the clip of each frame, from 0, in order."""
        least = min(independent_frames(score_N, clip_N) for score_N in scores)
        return cls(len(clip_N), int(clip_N[-1]) + 1, least)

    @property
    def rarest(self) -> float:
        """The least p-value that is shown: that of the greatest score of n independent frames, 1 / (n + 1)."""
        return 1 / (self.independent + 1)


@dataclasses.dataclass(frozen=True)
class Threshold:
    """The p-value at or below which a frame of normal footage is a false alarm.

    Attributes:
        p: the p-value.
        note: a sentence where a rarer one was asked for than the footage can show, else None.
    """

    p: float
    note: str | None


def supported(p: float, support: Support, extrapolate: bool) -> Threshold:
    """The threshold at p, or at the rarest p that is shown; a rarer one only where it may be extrapolated."""
    if p >= support.rarest:
        return Threshold(p, None)
    what = (
        f"p = {p:.2g} is rarer than {support.frames:,} frames of {support.clips} normal clips show, which are"
        f" worth {support.independent:,.0f} independent ones ({support.rarest:.2g})"
    )
    more = f"give {math.ceil((1 / p - 1) / support.independent):,} times as much footage, allow more false alarms"
    if extrapolate:
        how = "it is extrapolated by an exponential fit to their highest scores (watch.extrapolate)"
        return Threshold(p, f"{what}: {how}; {more}, or count the false alarms on other normal footage")
    how = f"{support.rarest:.2g} is used"
    return Threshold(support.rarest, f"{what}: {how}; {more}, or set watch.extrapolate=true")


def independent_frames(score_N: np.ndarray, clip_N: np.ndarray) -> float:
    """How many independent frames N frames of C clips are worth to say how rare high scores are: C to N.

    Frames with high scores come together: for as long as something is in view, and in clips that differ
    from the others as a whole. Of the frames above the 90% quantile, a fraction f of all, two numbers say
    how many count as one, and the larger counts:

    - the mean length of their runs, over that of the runs of independent frames, 1 / (1 − f);
    - the variance of their number in a clip, over that of independent frames (the design effect of
      sampling clips): C / (C − 1) · Σ (k − f n)² / (N f (1 − f)), where k of a clip's n frames are high.

    As a tenth of the frames is looked at, they are worth ten at least, or C.
    """
    frames, clips = len(score_N), int(clip_N[-1]) + 1
    high_N = score_N > np.quantile(score_N, HIGH)
    fraction = high_N.mean()
    if not fraction:
        return float(clips)
    together = fraction * frames / runs_by_clip(high_N, clip_N).sum() * (1 - fraction)
    if clips > 1:
        high_C, length_C = np.bincount(clip_N, high_N), np.bincount(clip_N)
        variance = np.sum((high_C - fraction * length_C) ** 2) * clips / (clips - 1)
        together = max(together, variance / (frames * fraction * (1 - fraction)))
    return float(max(clips, frames / max(1.0, together)))
