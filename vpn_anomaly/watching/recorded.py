"""Frames of a recording, decoded beside the watching of other sources."""

from collections.abc import Callable

from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.watching.feed import Feed
from vpn_anomaly.watching.segments import segments

WAITING = 2  # frames


class Recorded(Feed):
    """Reads a file, a folder or a pipe: it waits for the consumer, so that no frame is dropped.

    Its segments are those of `segments`. What keeps it from being opened is a UserError of `take`.

    Args:
      source, video_settings, name: see `open_video`.
      longest_gap: see `segments`.
      notify, changed: see `Feed`.
    """

    def __init__(
        self,
        source: str,
        video_settings: VideoSettings,
        name: str,
        longest_gap: float,
        notify: Callable[[str], None],
        changed: Callable[[], None],
    ):
        super().__init__(WAITING, notify, changed)
        self._source, self._settings, self._name = source, video_settings, name
        self._longest_gap = longest_gap
        self._thread.start()

    def _read_source(self) -> None:
        video = open_video(self._source, self._settings, self._name, stopped=self._closing.is_set)
        with video:
            self.video = video
            tell = lambda line: self._add(line=f"{self._name}: {line}")
            for frame in segments(video, self._longest_gap, tell):
                self._add(frame=frame)
                if self._closing.is_set():
                    return

    def _make_room(self) -> None:
        self._changed.wait_for(lambda: len(self._waiting) < self._most or self._closing.is_set())
