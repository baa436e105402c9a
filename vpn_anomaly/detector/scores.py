"""Scores of sequences, as a detector's caller sees them."""

import dataclasses
from typing import Any

import numpy as np

from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.sequence_scores import SequenceScores


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the last frame of N sequences, or of G frames of each (`every_frame`).

    Attributes:
        scores: by name, (N,), or (N, G); what each measures is in `Detector.meaning`.
        frames: the numbers of the frames.
        maps: by name, (N, H, W), or (N, G, H, W); None: not asked for. A pixel that every mask shows is zero in
            maps of hidden pixels.
        shown: the pixels that each of M masks shows, bool (M, H, W); None without maps.
    """

    scores: dict[str, np.ndarray]
    frames: tuple[int, ...]
    maps: dict[str, np.ndarray] | None
    shown: np.ndarray | None

    @classmethod
    def of(cls, found: SequenceScores, every_frame: bool) -> "Scores":
        """every_frame: whether there is an axis of frames."""
        chosen = (lambda array: array) if every_frame else (lambda array: array[:, 0])
        maps = None if found.maps is None else {name: chosen(array) for name, array in found.maps.items()}
        scores = {name: chosen(array) for name, array in found.scores.items()}
        return cls(scores, found.frames, maps, found.shown)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with columns sequence, frame, and the scores; a row for each frame.

        UserError without pandas.
        """
        try:
            import pandas
        except ImportError as error:
            raise UserError("to_pandas needs pandas, which is not installed: pip install pandas") from error
        count = len(next(iter(self.scores.values())))
        sequence_R = np.repeat(np.arange(count), len(self.frames))
        columns = {name: np.ravel(score) for name, score in self.scores.items()}
        return pandas.DataFrame({"sequence": sequence_R, "frame": np.tile(self.frames, count), **columns})
