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


class Output(FileWriter):
    """The calls, in this order for every source; here they do nothing.

    UserError, from any of them, where the file cannot be written.
    """

    def begin(self, video: Video, monitor: Monitor) -> None:
        """A source begins."""

    def frame(self, source: str, frame: Frame, result: FrameResult) -> None:
        """The next frame of the source, by its name, and what was found in it."""

    def finish(self, source: str, changes: list[Change]) -> None:
        """The source ended, or broke off and goes on: the events that ended with it."""

    def skip(self, source: SkippedSource) -> None:
        """A source could not be watched."""

    def close(self) -> None:
        """All sources ended: completes the file."""
