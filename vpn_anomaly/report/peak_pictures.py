"""Pictures of events at their peaks, kept while a stream runs, however long it is."""

import heapq
import itertools
from collections.abc import Hashable, Mapping
from typing import NamedTuple

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.report.frame_pictures import frame_pictures
from vpn_anomaly.report.parts import Picture
from vpn_anomaly.scoring.frame_view import FrameView, frame_view
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.events import Event, Moment


class Snapshot(NamedTuple):
    """A frame by its number, and how it looks."""

    index: int
    view: FrameView


class PeakPictures:
    """Keeps the peak of each event under way, and three small pictures of the most improbable events.

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

    def update(self, frame: Frame, maps: Maps | None, peaks: Mapping[str, Moment]) -> None:
        """Takes in a frame, after the ends of events in it have been given to `end`.

        Args:
          peaks: the peak so far of each kind that is under way (`FrameResult.peaks`). What is no longer
            among them came to nothing and is forgotten.
        """
        here = [kind for kind, moment in peaks.items() if moment.index == frame.index]
        of_frame = Snapshot(frame.index, frame_view(frame.image, maps)) if here else None
        self._snapshots = {kind: of_frame if kind in here else self._snapshots[kind] for kind in peaks}

    def end(self, key: Hashable, event: Event) -> None:
        """Makes the pictures of an event that ended, if it is among the most improbable so far."""
        snapshot = self._snapshots.pop(event.kind)
        peak = event.peak
        if snapshot.index != peak.moment.index:
            raise ValueError(f"a picture of frame {snapshot.index}, not of {peak.moment}")
        row = -peak.p, -next(self._numbers), key
        if len(self._ended) < self._most:
            heapq.heappush(self._ended, row)
        else:
            *_, least = heapq.heappushpop(self._ended, row)
            if least == key:
                return
            del self.of_event[least]
        caption = f"frame {peak.moment.index}, {frame_time(peak.moment.time)}"
        self.of_event[key] = frame_pictures(snapshot.view, caption, peak.box)

    def forget(self) -> None:
        """Nothing is under way: the source ended."""
        self._snapshots.clear()
