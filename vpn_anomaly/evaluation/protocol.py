"""How the scores of a clip's frames become comparable with published ones: nothing is done by default.

Published frame AUROCs differ in what is done to the scores before. Each such step is an option, and
what was done and what was not stands beside the figures.
"""

import dataclasses

import numpy as np

PUBLISHED_SMOOTHING = 5.0  # frames


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is done to the scores of every clip, in this order; and which masks are read.

    Attributes:
      dropped_frames: frames at the beginning of a clip that do not count.
      normalise_clips: the scores are moved and scaled to 0..1. This takes the least and the greatest
        score of the whole clip, its future included; a clip of equal scores becomes 0.
      smoothing: standard deviation, in frames, of a Gaussian that the scores are averaged with, the
        clip continued by its mirror image; 0: none. It takes the future as well.
      masks: "auto": of the clips that have some, "required": of every clip, "off": of none.
      published: figures of `as_published` are wanted beside these; nothing is done to the scores.
    """

    dropped_frames: int = 0
    normalise_clips: bool = False
    smoothing: float = 0.0
    masks: str = "auto"
    published: bool = False

    @property
    def reads_masks(self) -> bool:
        return self.masks != "off"

    def as_dict(self) -> dict[str, object]:
        """The fields by name, as results.json has them."""
        return dict(sorted(dataclasses.asdict(self).items()))

    def as_published(self) -> "Protocol":
        """What most published figures do: every clip scaled to 0..1, then smoothed."""
        return Protocol(normalise_clips=True, smoothing=PUBLISHED_SMOOTHING, masks=self.masks)

    def scores(self, score_T: np.ndarray) -> np.ndarray:
        """The scores that are compared, (T − dropped_frames,)."""
        score_T = np.asarray(score_T, np.float64)[self.dropped_frames :]
        if self.normalise_clips and len(score_T):
            low, high = score_T.min(), score_T.max()
            score_T = (score_T - low) / (high - low if high > low else 1)
        if self.smoothing and len(score_T):
            from scipy.ndimage import gaussian_filter1d

            score_T = gaussian_filter1d(score_T, self.smoothing, mode="reflect")
        return score_T

    def labels(self, label_T: np.ndarray) -> np.ndarray:
        """The labels that are compared, (T − dropped_frames,)."""
        return label_T[self.dropped_frames :]

    def done(self) -> list[str]:
        """What is done to the scores, a phrase each."""
        return [done for used, done, _ in self._steps() if used]

    def not_done(self) -> list[str]:
        """What is not done to them, a phrase each, with the field that would do it."""
        return [not_done for used, _, not_done in self._steps() if not used]

    def _steps(self) -> tuple[tuple[bool, str, str], ...]:
        """For each step whether it is done, and what is said if it is and if it is not."""
        future = "which uses the clip's future"
        return (
            (
                self.dropped_frames > 0,
                f"the first {self.dropped_frames} frames of every clip are dropped",
                "no frame is dropped (evaluate.protocol.dropped_frames)",
            ),
            (
                self.normalise_clips,
                f"the scores of every clip are scaled to 0..1, {future}",
                "no clip is normalised (evaluate.protocol.normalise_clips)",
            ),
            (
                self.smoothing > 0,
                f"the scores of every clip are smoothed by a Gaussian of {self.smoothing:g} frames, {future}",
                "nothing is smoothed over a clip's future (evaluate.protocol.smoothing)",
            ),
        )


def from_neighbours(score_T: np.ndarray) -> np.ndarray:
    """The scores with those that are missing (NaN) put in between their neighbours', (T,).

    Linear between the frames before and after that have one; at either end of the clip the nearest.
    All NaN where no frame has a score.
    """
    scored = ~np.isnan(score_T)
    if not scored.any():
        return np.full(len(score_T), np.nan)
    frame_T = np.arange(len(score_T))
    return np.interp(frame_T, frame_T[scored], np.asarray(score_T, np.float64)[scored])
