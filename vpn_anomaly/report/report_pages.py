"""A report of its own for every source of a watch."""

import contextlib
import pathlib
from collections.abc import Mapping, Sequence

from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.watching.output import Output


class ReportPages(Output):
    """A `WatchReport` for each of several sources, which may be watched at once.

    Args:
      paths: of the HTML files, by the source's name.
      model: see `WatchReport`.

    UserError: a file cannot be written; also from `close`.
    """

    def __init__(self, paths: Mapping[str, pathlib.Path], model: Sequence[tuple[str, str]]):
        self._reports = {name: WatchReport(path, model) for name, path in paths.items()}

    def begin(self, video, monitor):
        self._reports[video.name].begin(video, monitor)

    def frame(self, source, frame, result):
        self._reports[source].frame(source, frame, result)

    def finish(self, source, changes):
        self._reports[source].finish(source, changes)

    def end(self, source, losses):
        self._reports[source].end(source, losses)

    def skip(self, source):
        self._reports[source.name].skip(source)

    def close(self):
        with contextlib.ExitStack() as stack:  # an error of one leaves the others to be written
            for report in self._reports.values():
                stack.callback(report.close)
