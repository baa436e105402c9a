"""How far a source is watched."""

from vpn_anomaly.data.video.open_video import Video
from vpn_anomaly.progress import Progress


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
