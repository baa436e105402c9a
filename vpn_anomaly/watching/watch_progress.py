"""How far a source is watched, and how many at once are."""

import collections
from collections.abc import Mapping

from vpn_anomaly.data.video.open_video import Video
from vpn_anomaly.progress import Progress

NAMED = 4  # sources whose dropped frames are told one by one


class WatchProgress:
    """Shows the number of the frame, frames per second, minutes left and events of one source."""

    def __init__(self, video: Video):
        self._video, self._progress = video, Progress(self._text)
        self._index, self._events = 0, 0

    def frame(self, index: int, events: int) -> None:
        """The frame of this number was watched; `events` have begun, in all sources."""
        self._index, self._events = index, events
        self._progress()

    def end(self) -> None:
        """The source ended."""
        self._progress.end()

    def _text(self, progress: Progress) -> str:
        if progress.rate is None:  # the first frame, with the compilation
            return ""
        text = f"{self._video.name}: frame {self._index}, {progress.rate:.1f} frames per second"
        if self._video.expected_frames:
            seconds = (self._video.expected_frames - 1 - self._index) / max(progress.rate, 1e-9)
            text += f", {max(seconds, 0) / 60:.1f} min left"
        return f"{text}, {self._events} events"


class SourcesProgress:
    """Shows of sources that are watched at once: how many are, frames per second, events, and what is dropped."""

    def __init__(self, count: int):
        """count: of all sources."""
        self._count, self._progress = count, Progress(self._text)
        self._under_way, self._events = count, 0
        self._dropped: Mapping[str, int] = {}

    def round(self, frames: int, under_way: int, events: int, dropped: Mapping[str, int]) -> None:
        """So many frames more were watched; `dropped`: frames by source, from its beginning."""
        self._under_way, self._events, self._dropped = under_way, events, dropped
        self._progress(frames)

    def end(self) -> None:
        """All sources ended."""
        self._progress.end()

    def _text(self, progress: Progress) -> str:
        if progress.rate is None:  # the first round, with the compilation
            return ""
        most = [name for name, _ in collections.Counter(self._dropped).most_common() if self._dropped[name]]
        named = [f"{self._dropped[name]:,} of {name}" for name in most[:NAMED]]
        more = [f"of {len(most) - NAMED} more"] if len(most) > NAMED else []
        dropped = f", frames dropped: {', '.join(named + more)}" if most else ""
        return (
            f"{self._under_way} of {self._count} sources: {progress.rate:.1f} frames per second,"
            f" {self._events} events{dropped}"
        )
