"""The frames that stand out: found, missed, mistaken, and plainly normal ones."""

from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.frame_view import FrameView, frame_view
from vpn_anomaly.systems.system import Maps

Box = tuple[int, int, int, int]


class ExtremeFrame(NamedTuple):
    """A frame that stands out.

    Attributes:
      clip: its name.
      frame: its number, from 0.
      score: what it stands out by.
      member: whose score it is; empty for a single model.
      view: the frame, the member's prediction and surprise.
      box: (top, left, bottom, right) round the pixels that are labelled anomalous, in pixels of the
        view; None: there are none, or they are not known.
    """

    clip: str
    frame: int
    score: float
    member: str
    view: FrameView
    box: Box | None


class ExtremeFrames:
    """The frames with the highest and the lowest scores of either label, one per clip at most.

    Clips come one after the other, and memory is the same however many there are.

    Attributes:
      of: by (anomalous, "highest" or "lowest"), the most extreme first, as far as there are any.
    """

    of: dict[tuple[bool, str], list[ExtremeFrame]]

    def __init__(self, count: int):
        """count: frames of each kind."""
        self._count, self.of = count, {}

    def see(
        self,
        clip: str,
        frame: Frame,
        anomalous: bool,
        score: float,
        member: str,
        maps: Maps,
        mask_HxW: np.ndarray | None,
    ) -> None:
        """Takes in a frame, with the member whose score it is, and its maps.

        mask_HxW: the pixels of the frame that are labelled anomalous, None: not known.
        """
        places = [
            (anomalous, which)
            for which in ("highest", "lowest")
            if self._stands_out(clip, score, (anomalous, which))
        ]
        if places:
            view = frame_view(frame.image, maps)
            found = ExtremeFrame(clip, frame.index, score, member, view, _box(mask_HxW))
        for place in places:
            others = [one for one in self.of.get(place, []) if one.clip != clip]
            self._keep(place, [*others, found])

    def take_in(self, other: "ExtremeFrames") -> None:
        """Takes in what another one has kept of other clips."""
        for place, frames in other.of.items():
            self._keep(place, [*self.of.get(place, []), *frames])

    def _keep(self, place: tuple[bool, str], frames: list[ExtremeFrame]) -> None:
        in_order = sorted(frames, key=lambda one: one.score, reverse=place[1] == "highest")
        self.of[place] = in_order[: self._count]

    def _stands_out(self, clip: str, score: float, place: tuple[bool, str]) -> bool:
        """Whether a frame beats that of its clip or, where its clip has none, the last of all."""
        found = self.of.get(place, [])
        of_clip = [one for one in found if one.clip == clip]
        if not of_clip and len(found) < self._count:
            return True
        other = (of_clip or found)[-1].score
        return score > other if place[1] == "highest" else score < other


def _box(mask_HxW: np.ndarray | None) -> Box | None:
    """(top, left, bottom, right) round all pixels of a mask; None where it has none."""
    if mask_HxW is None or not mask_HxW.any():
        return None
    rows, columns = np.flatnonzero(mask_HxW.any(1)), np.flatnonzero(mask_HxW.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
