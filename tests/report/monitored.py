"""What a monitor would find in frames with chosen p-values."""

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.member_stream import Watched
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.event_finder import EventFinder, Watch
from vpn_anomaly.watching.events import EventSettings, Observation
from vpn_anomaly.watching.monitor import FrameResult

SETTINGS = EventSettings(
    open_p=0.01, close_p=0.01, merge_gap=1, minimum_frames=3, before=0, after=0, light_change=0
)
WATCHED = {
    "missing": Watched("", "missing", "missing_z", "missing_z"),
    "motion": Watched("", "motion", "tail_mean", "tail_mean"),
}


def maps_of(number, height=4, width=6):
    """Maps whose prediction is the frame but for one pixel of it."""
    zero, image = np.zeros((height, width), np.float32), image_of(number, height, width)
    missing = zero.copy()
    missing[0, 0] = 0.25
    return Maps(
        {"tail": zero, "missing": missing},
        {},
        {},
        np.ones((height, width), bool),
        image[..., 0] / np.float32(255),
    )


def image_of(number, height=4, width=6):
    return np.full((height, width, 1), 10 + number % 200, np.uint8)


class Stream:
    """Monitors frames with chosen p-values, without a model."""

    def __init__(self):
        self.finder = EventFinder({key: Watch(watched.kind, SETTINGS) for key, watched in WATCHED.items()})
        self.number = -1

    def update(self, maps_and_image=None, **p):
        """(frame, result) of the next frame; the score is higher where p is lower."""
        self.number += 1
        maps, image = maps_and_image or (maps_of(self.number), image_of(self.number))
        score = {key: -np.log(value) for key, value in p.items()}
        changes = self.finder.update(Observation(self.number, self.number / 25, p, score))
        named = {WATCHED[key].column: value for key, value in score.items()}
        return (
            Frame(self.number, self.number / 25, image),
            FrameResult(named, p, {"": maps}, changes, [], self.finder.under_way, False),
        )
