"""Pictures of events at their peaks, kept while a stream runs, however long it is."""

import heapq
import itertools
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.report.frame_pictures import frame_pictures
from vpn_anomaly.report.parts import Picture
from vpn_anomaly.scoring.frame_view import FrameView, frame_view, surprise_map_name
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.events import Event


class Snapshot(NamedTuple):
    """A frame by its number, and how it looks to a member."""

    index: int
    view: FrameView


class PeakPictures:
    """Keeps the peak of each event under way, and small pictures of the most improbable events.

    Attributes:
      of_event: by the event's key, the frame with its box, the model's prediction if there is one, the map.
    """

    of_event: dict[Hashable, tuple[Picture, ...]]

    def __init__(self, most: int):
        """most: events that have pictures at the same time."""
        self.of_event = {}
        self._most = most
        self._snapshots: dict[tuple[str, str], Snapshot] = {}  # by member and kind
        self._ended = []  # a heap of (−p, −number, key): the least improbable first, then the latest
        self._numbers = itertools.count()

    def update(self, frame: Frame, maps: Mapping[str, Maps], under_way: Iterable[Event]) -> None:
        """Takes in a frame, after the ends of events in it have been given to `end`.

        Args:
          maps: of the frame, by member.
          under_way: the events so far (`FrameResult.under_way`). What is no longer among them came to
            nothing and is forgotten.
        """
        snapshots, views = {}, {}
        for event in under_way:
            member, kind = place = event.member, event.kind
            if event.peak.moment.index == frame.index:
                shown = member, surprise_map_name(maps[member], kind)
                if shown not in views:
                    views[shown] = Snapshot(frame.index, frame_view(frame.image, maps[member], kind))
                snapshots[place] = views[shown]
            else:
                snapshots[place] = self._snapshots[place]
        self._snapshots = snapshots

    def end(self, key: Hashable, event: Event) -> None:
        """Makes the pictures of an event that ended, if it is among the most improbable so far."""
        snapshot = self._snapshots.pop((event.member, event.kind))
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
