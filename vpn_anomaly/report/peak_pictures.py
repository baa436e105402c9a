"""Pictures of events at their peaks, kept while a stream runs, however long it is."""

import heapq
import itertools
from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.report.annotated_video import clock
from vpn_anomaly.report.overlay import BRIGHTEST, blended
from vpn_anomaly.report.parts import Picture
from vpn_anomaly.report.pictures import picture
from vpn_anomaly.report.surprise_figure import MAP_TITLES
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.events import Event, Moment
from vpn_anomaly.watching.monitor import surprise, surprise_map


class Snapshot(NamedTuple):
    """A frame and what the model says of it."""

    frame: Frame
    maps: Maps


class PeakPictures:
    """Keeps the peak of what is under way, and three small pictures of the most improbable events.

    Attributes:
      of_event: by the event's key, the frame with its box, the model's prediction, the map.
    """

    of_event: dict[Hashable, tuple[Picture, Picture, Picture]]

    def __init__(self, most: int):
        """most: events that have pictures at the same time."""
        self.of_event = {}
        self._most = most
        self._snapshots: dict[str, Snapshot] = {}
        self._ended = []  # a heap of (−p, −number, key): the least improbable first, then the latest
        self._numbers = itertools.count()

    def see(self, frame: Frame, maps: Maps | None, peaks: Mapping[str, Moment]) -> None:
        """Takes in a frame, of which the ends of events have been told already.

        Args:
          peaks: the peak so far of each kind that is under way (`Seen.peaks`). What is no longer
            among them came to nothing and is forgotten.
        """
        self._snapshots = {
            kind: Snapshot(frame, maps) if moment.index == frame.index else self._snapshots[kind]
            for kind, moment in peaks.items()
        }

    def end(self, key: Hashable, event: Event) -> None:
        """Makes the pictures of an event that ended, if it is among the most improbable so far."""
        snapshot = self._snapshots.pop(event.kind)
        if snapshot.frame.index != event.peak.moment.index:
            raise ValueError(f"a picture of frame {snapshot.frame.index}, not of {event.peak.moment}")
        row = -event.peak.p, -next(self._numbers), key
        if len(self._ended) < self._most:
            heapq.heappush(self._ended, row)
        else:
            *_, least = heapq.heappushpop(self._ended, row)
            if least == key:
                return
            del self.of_event[least]
        self.of_event[key] = pictures_of(snapshot, event)

    def forget(self) -> None:
        """Nothing is under way: the source ended."""
        self._snapshots.clear()


def pictures_of(snapshot: Snapshot, event: Event) -> tuple[Picture, Picture, Picture]:
    """The frame with the event's box, the prediction of the frame, the frame under the map."""
    frame, maps = snapshot
    moment, name = event.peak.moment, surprise_map(maps)
    map_title = MAP_TITLES[name] + (", less what is expected" if name in maps.mean else "")
    return (
        picture(frame.image, f"frame {moment.index}, {clock(moment.time)}", event.peak.box),
        picture(prediction(maps), "what the model expects"),
        picture(blended(frame.image, surprise(maps), BRIGHTEST), map_title),
    )


def prediction(maps: Maps) -> np.ndarray:
    """The predicted mean, grey (the mean over colours), uint8 (H, W, 1).

    A pixel that does not count shows the frame.
    """
    # `missing` is the predicted mean less the value.
    mean_HxW = np.where(maps.counted, maps.intensity + maps.value["missing"], maps.intensity)
    return np.rint(255 * mean_HxW.clip(0, 1)).astype(np.uint8)[..., None]
