"""What is counted of the sources of a watch, told at its end, and handed on to the outputs."""

import collections
from collections.abc import Sequence

from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.open_video import Frame, Video
from vpn_anomaly.errors import UserError
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.text.telling import notice, tell
from vpn_anomaly.watching.events import Change, kinds_in_words
from vpn_anomaly.watching.monitor import FrameResult, Monitor
from vpn_anomaly.watching.output import Losses, Output, SkippedSource


class Tally:
    """Counts frames and events, and passes everything to the outputs.

    Args:
      max_frames: to watch in all sources together; None: no limit.
      stop: says when to end early.

    Attributes:
      frames: watched so far, of all sources.
      frames_left: until `max_frames`; None: no limit.
    """

    def __init__(self, outputs: Sequence[Output], max_frames: int | None, stop: StopRequest):
        self._outputs, self._stop = outputs, stop
        self.frames, self.frames_left = 0, max_frames
        self._scored_frames, self._events = 0, collections.Counter()
        self._too_short: list[str] = []  # lines on sources without a scored frame
        self._skipped: list[SkippedSource] = []
        self._told: set[str] = set()  # what thresholds are worth

    @property
    def goes_on(self) -> bool:
        """Whether there are frames left to watch."""
        return not self._stop.requested and self.frames_left != 0

    @property
    def events(self) -> int:
        """That began so far, in all sources."""
        return self._events.total()

    def begin(self, video: Video, monitor: Monitor) -> None:
        """A source begins; tells what its thresholds are worth, unless those of another source were the same."""
        worth = monitor.threshold_in_words()
        if worth not in self._told:
            tell(*worth.split("\n"))
            self._told.add(worth)
        for output in self._outputs:
            output.begin(video, monitor)

    def frame(self, source: str, frame: Frame, result: FrameResult) -> None:
        self.frames += 1
        self._scored_frames += bool(result.scores)
        if self.frames_left is not None:
            self.frames_left -= 1
        self._count(result.changes)
        for output in self._outputs:
            output.frame(source, frame, result)

    def finish(self, source: str, changes: list[Change]) -> None:
        self._count(changes)
        for output in self._outputs:
            output.finish(source, changes)

    def end(self, source: str, losses: Losses) -> None:
        for output in self._outputs:
            output.end(source, losses)

    def skip(self, name: str, reason: str) -> None:
        """A source cannot be watched, which a line tells. `reason` may begin with its name."""
        skipped = SkippedSource(name, reason.removeprefix(f"{name}: "))
        self._skipped.append(skipped)
        notice(f"{name}: {skipped.reason}; it is skipped")
        for output in self._outputs:
            output.skip(skipped)

    def note_length(self, name: str, frames: int, first_frame: int) -> None:
        """A source ended by itself after so many frames, of which those before `first_frame` have no scores."""
        if frames <= first_frame and self.goes_on:
            self._too_short.append(
                f"{name}: {frames} frames, but the first {first_frame} of a source have no scores"
            )

    def summary(self) -> str:
        """What was found, in one line."""
        kinds = kinds_in_words(self._events)
        return f"{self.frames:,} frames, {self.events} events" + (f" ({kinds})" if kinds else "")

    def report_unscored_sources(self, count: int) -> None:
        """Prints lines on the sources, `count` in all, that were too short or could not be watched.

        UserError where nothing had a score.
        """
        lines = list(self._too_short)
        if self._skipped:
            names = shortened([source.name for source in self._skipped])
            lines.append(f"{len(self._skipped)} of {count} sources could not be watched: {names}")
        if self._too_short and not self._scored_frames:
            lines[: len(self._too_short)] = [f"{self._too_short[0]}; give a longer one"]
            raise UserError("; ".join(lines))
        if self._skipped and not self.frames:
            raise UserError(f"{lines[-1]} (the first: {self._skipped[0].reason})")
        for line in lines:
            notice(line)

    def _count(self, changes: list[Change]) -> None:
        self._events.update(
            (change.event.member, change.event.kind) for change in changes if change.what == "begin"
        )
