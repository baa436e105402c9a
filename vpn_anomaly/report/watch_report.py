"""The report of a watching: collected while its frames come, written as one page at the end."""

import datetime
import pathlib

from vpn_anomaly.files import output_files
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.peak_pictures import PeakPictures
from vpn_anomaly.report.watch_page import watch_page
from vpn_anomaly.report.watched_source import Unwatched, Watched
from vpn_anomaly.watching.outputs import Output

PICTURED = 50  # events, the most improbable; more would make the page slow to open


class WatchReport(Output):
    """Collects scores, events and pictures; `close` writes the page, unless nothing was seen.

    Of every frame it keeps two numbers and the score of each kind of event, 8 bytes each.

    Args:
      path: of the HTML file.
      model: (name, value) of what there is to say of the model.

    Raises:
      UserError: the file cannot be written; also from `close`.
    """

    def __init__(self, path: pathlib.Path, model: list[tuple[str, str]]):
        output_files.check_output(path)  # now, not after hours
        self._path, self._model = path, model
        self._started = datetime.datetime.now()
        self._sources: list[Watched] = []
        self._unwatched: list[Unwatched] = []
        self._video = None
        self._pictures = PeakPictures(PICTURED)

    def begin(self, video, watcher):
        self._end_source()
        self._video = video
        self._sources.append(
            Watched(video.name, watcher.threshold_in_words(), watcher.score_of_kind, watcher.score_threshold)
        )

    def frame(self, source, frame, seen):
        self._sources[-1].add(frame, seen.scores)
        self._note(seen.changes)
        self._pictures.see(frame, seen.maps, seen.peaks)

    def finish(self, source, changes):
        self._note(changes)
        self._pictures.forget()

    def pass_over(self, source):
        self._unwatched.append(source)

    def close(self):
        self._end_source()
        if any(len(source.frame_T) for source in self._sources):
            when = self._started, datetime.datetime.now()
            page = watch_page(self._sources, self._pictures.of_event, self._model, when, self._unwatched)
            write_page(self._path, page)

    def _note(self, changes) -> None:
        number = len(self._sources) - 1
        for change in changes:
            event = change.event
            self._sources[-1].events[event.id] = event
            if change.what == "end":
                self._pictures.end((number, event.id), event)

    def _end_source(self) -> None:
        if self._video is not None:
            self._sources[-1].problem = self._video.problem
            self._video = None
