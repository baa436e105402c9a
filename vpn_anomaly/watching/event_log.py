"""The changes of events, written while a source is watched."""

import os
import pathlib

from vpn_anomaly.files.file_writer import FileWriter
from vpn_anomaly.files.line_file import LineFile
from vpn_anomaly.files.rows import json_line
from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.score_log import finite


def event_record(source: str, change: Change) -> dict:
    """Its source, and what `Change.as_record` has; numbers that are not finite are None."""
    record = {
        name: finite(value) if isinstance(value, float) else value
        for name, value in change.as_record().items()
    }
    return {"source": source, **record}


class EventLog(FileWriter):
    """A line of JSON, an `event_record`, for each change of an event.

    Events are counted from 0 in every source. Another program can follow the file (`LineFile`).

    Raises:
      UserError: the file cannot be written; also from `write` and `close`.
    """

    def __init__(self, path: str | os.PathLike):
        self._lines = LineFile(path)

    def write(self, source: str, change: Change) -> None:
        """Adds the line of a change."""
        self._lines.write(json_line(event_record(source, change), allow_nan=False))

    def close(self) -> None:
        self._lines.close()


class EventOutput(Output):
    """A line per change, from the first source that can be watched on; see `EventLog`."""

    def __init__(self, path: pathlib.Path):
        self._path, self._log = path, None

    def begin(self, video, monitor):
        self._log = self._log or EventLog(self._path)

    def frame(self, source, frame, result):
        self.finish(source, result.changes)

    def finish(self, source, changes):
        for change in changes:
            self._log.write(source, change)

    def close(self):
        if self._log is not None:
            self._log.close()
