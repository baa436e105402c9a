"""What a watch writes to: every kind of file behind the same few calls."""

from typing import NamedTuple

from vpn_anomaly.data.video.open_video import Frame, Video
from vpn_anomaly.files.file_writer import FileWriter
from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.monitor import FrameResult, Monitor


class SkippedSource(NamedTuple):
    """The name of a source that could not be watched, and why not."""

    name: str
    reason: str


class Losses(NamedTuple):
    """What a source lost.

    Attributes:
      dropped: frames of a live source that were not watched, as the machine was busy.
      reconnections: how many times it came back.
      problem: why it was given up before its end; None: it was not.
    """

    dropped: int = 0
    reconnections: int = 0
    problem: str | None = None

    def in_words(self) -> str:
        return f"{self.dropped} frames dropped, {self.reconnections} reconnections"


class Output(FileWriter):
    """The calls, in this order for every source; here they do nothing. Sources may be watched at once.

    UserError, from any of them, where the file cannot be written.
    """

    def begin(self, video: Video, monitor: Monitor) -> None:
        """A source begins."""

    def frame(self, source: str, frame: Frame, result: FrameResult) -> None:
        """The next frame of the source, by its name, and what was found in it."""

    def finish(self, source: str, changes: list[Change]) -> None:
        """The source ended, or broke off and goes on: the events that ended with it."""

    def end(self, source: str, losses: Losses) -> None:
        """The source is watched no more, and what it lost."""

    def skip(self, source: SkippedSource) -> None:
        """A source could not be watched."""

    def close(self) -> None:
        """All sources ended: completes the file."""
