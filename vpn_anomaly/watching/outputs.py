"""What a watching writes: every kind of file behind the same few calls."""

import functools
import pathlib

from vpn_anomaly.data.video.open_video import Frame, Video
from vpn_anomaly.report.annotated_video import AnnotatedVideo
from vpn_anomaly.report.overlay import BRIGHTEST
from vpn_anomaly.report.watched_source import Unwatched
from vpn_anomaly.scoring.frame_view import surprise
from vpn_anomaly.watching.closing import Closing
from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.monitor import Seen, Watcher
from vpn_anomaly.watching.score_log import EventLog, ScoreLog


class Output(Closing):
    """The calls, which do nothing here.

    UserError, from any of them, where the file cannot be written.
    """

    def begin(self, video: Video, watcher: Watcher) -> None:
        """A source begins."""

    def frame(self, source: str, frame: Frame, seen: Seen) -> None:
        """A frame of the source was watched."""

    def finish(self, source: str, changes: list[Change]) -> None:
        """The source ended, or broke off and goes on: the events that ended with it."""

    def pass_over(self, source: Unwatched) -> None:
        """A source could not be watched."""

    def close(self) -> None:
        """Completes the file."""


class Scores(Output):
    """A row a frame, from the first source that can be watched on; see `ScoreLog`."""

    def __init__(self, path: pathlib.Path, names: tuple[str, ...], kinds: tuple[str, ...]):
        self._open, self._log = functools.partial(ScoreLog, path, names, kinds), None

    def begin(self, video, watcher):
        self._log = self._log or self._open()

    def frame(self, source, frame, seen):
        self._log.write(source, frame.index, frame.time, seen.scores, seen.p)

    def close(self):
        if self._log is not None:
            self._log.close()


class Events(Output):
    """A line a change, from the first source that can be watched on; see `EventLog`."""

    def __init__(self, path: pathlib.Path):
        self._path, self._log = path, None

    def begin(self, video, watcher):
        self._log = self._log or EventLog(self._path)

    def frame(self, source, frame, seen):
        self.finish(source, seen.changes)

    def finish(self, source, changes):
        for change in changes:
            self._log.write(source, change)

    def close(self):
        if self._log is not None:
            self._log.close()


class Annotated(Output):
    """The frames of one source with the map and the open events; see `AnnotatedVideo`."""

    def __init__(self, path: pathlib.Path, rate: float):
        """rate: frames a second, about."""
        self._path, self._rate, self._video = path, rate, None

    def begin(self, video, watcher):
        self._score_of_kind = watcher.score_of_kind

    def frame(self, source, frame, seen):
        if self._video is None:
            self._video = AnnotatedVideo(self._path, *frame.image.shape[:2], self._rate)
        map_HxW = None if seen.maps is None else surprise(seen.maps)
        line = "  ".join(f"{kind} {seen.scores[self._score_of_kind[kind]]:.1f}" for kind in seen.p)
        self._video.write(frame.image, frame.time, map_HxW, BRIGHTEST, [line], seen.boxes)

    def close(self):
        if self._video is not None:
            self._video.close()
