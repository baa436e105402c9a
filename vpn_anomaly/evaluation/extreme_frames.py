"""The frames of a clip that stand out, with pictures: found, missed, mistaken, and plainly normal ones."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from vpn_anomaly.report.frame_pictures import frame_pictures
from vpn_anomaly.report.parts import Picture
from vpn_anomaly.scoring.frame_view import frame_view
from vpn_anomaly.systems.system import Maps


class StandOut(NamedTuple):
    """A frame that stands out.

    Attributes:
      clip: its name.
      frame: its number, from 0.
      score: what it stands out by.
      pictures: the frame, a box round the pixels that are labelled anomalous; the model's prediction;
        the frame under the map.
    """

    clip: str
    frame: int
    score: float
    pictures: tuple[Picture, ...]


class StandOuts:
    """Of one clip the frames with the highest and the lowest score of either label.

    Attributes:
      of: by (anomalous, "highest" or "lowest"), as far as there are any.
    """

    of: dict[tuple[bool, str], StandOut]

    def __init__(self, clip: str):
        self._clip, self.of = clip, {}

    def see(
        self,
        frame: int,
        anomalous: bool,
        score: float,
        frame_HxWxC: np.ndarray,
        maps: Maps,
        mask_HxW: np.ndarray | None,
    ) -> None:
        """Takes in a frame; mask_HxW: its pixels that are labelled anomalous, None: not known."""
        record = {"highest": lambda before: score > before, "lowest": lambda before: score < before}
        places = [
            (anomalous, which)
            for which, beats in record.items()
            if (anomalous, which) not in self.of or beats(self.of[anomalous, which].score)
        ]
        if places:
            found = StandOut(self._clip, frame, score, _pictures(frame_HxWxC, maps, mask_HxW))
            self.of.update(dict.fromkeys(places, found))


def most(clips: Iterable[StandOuts], anomalous: bool, which: str, count: int) -> list[StandOut]:
    """The `count` frames that stand out most, one a clip at most, the most extreme first."""
    key = (anomalous, which)
    found = [stand_outs.of[key] for stand_outs in clips if key in stand_outs.of]
    return sorted(found, key=lambda one: one.score, reverse=which == "highest")[:count]


def _pictures(frame_HxWxC, maps: Maps, mask_HxW) -> tuple[Picture, ...]:
    box, caption = None, "the frame"
    if mask_HxW is not None and mask_HxW.any():
        box, caption = _box(mask_HxW), "the frame, boxed as it is labelled"
    return frame_pictures(frame_view(frame_HxWxC, maps), caption, box)


def _box(mask_HxW: np.ndarray) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) round all pixels of a mask."""
    rows, columns = np.flatnonzero(mask_HxW.any(1)), np.flatnonzero(mask_HxW.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
