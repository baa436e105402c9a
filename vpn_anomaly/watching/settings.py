"""How sources are watched."""

import dataclasses

from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.watching.events import EventSettings

HIGHEST_CLOSE_P = 0.5  # a p-value that every second normal frame reaches is not anomalous


@dataclasses.dataclass(frozen=True)
class WatchSettings:
    """How sources are watched; the fields `watch.*` of the config.

    Attributes:
        video: how videos and streams are read.
        false_alarms: per hour, of all kinds, that normal footage may raise.
        extrapolate: whether a rate that is rarer than normal footage shows is extrapolated.
        hysteresis: an event goes on up to this many times the p-value that opens it.
        minimum_frames, merge_gap, before, after, light_change: see `EventSettings`.
        zones: path of a mask image, white where to look; empty: everywhere.
        tail: whether there are tail surprise and entropies, which cost most of the time.
        longest_gap: seconds without frames after which a recording is a stream anew.
    """

    video: VideoSettings
    false_alarms: float
    extrapolate: bool
    hysteresis: float
    minimum_frames: int
    merge_gap: int
    before: int
    after: int
    light_change: int
    zones: str
    tail: bool
    longest_gap: float

    def events(self, open_p: float) -> EventSettings:
        """The rules of events that open at a p-value. UserError for settings that contradict each other."""
        return EventSettings(
            open_p=open_p,
            close_p=max(open_p, min(HIGHEST_CLOSE_P, self.hysteresis * open_p)),
            merge_gap=self.merge_gap,
            minimum_frames=self.minimum_frames,
            before=self.before,
            after=self.after,
            light_change=self.light_change,
        )
