"""The report of a watch: collected while its frames come, written as one page at the end."""

import datetime
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vpn_anomaly.files import output_files
from vpn_anomaly.member_rows import member_named
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import Picture
from vpn_anomaly.report.peak_pictures import PeakPictures
from vpn_anomaly.report.source_record import SourceRecord
from vpn_anomaly.report.training_words import training_words
from vpn_anomaly.report.watch_page import watch_page
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.storage import provenance
from vpn_anomaly.watching.output import Output, SkippedSource

PICTURED = 50  # events, the most improbable; more would make the page slow to open


class Collected(NamedTuple):
    """What a report is made of.

    Attributes:
      sources: those that were watched.
      pictures: of events, by the number of the source and that of the event.
      skipped: sources that could not be watched.
    """

    sources: list[SourceRecord]
    pictures: Mapping[tuple[int, int], tuple[Picture, ...]]
    skipped: list[SkippedSource]


class WatchReport(Output):
    """Collects scores, events and pictures; `close` writes the page, unless there was no frame.

    Per frame it keeps two numbers and the score of each kind of event, 8 bytes each.

    Args:
      path: of the HTML file.
      model: (name, value) of what there is to say of the model.

    Raises:
      UserError: the file cannot be written; also from `close`.
    """

    def __init__(self, path: pathlib.Path, model: Sequence[tuple[str, str]]):
        output_files.check_output(path)  # now, not after hours
        self._path, self._model = path, model
        self._started = datetime.datetime.now()
        self._sources: list[SourceRecord] = []
        self._skipped: list[SkippedSource] = []
        self._video = None
        self._pictures = PeakPictures(PICTURED)

    def begin(self, video, monitor):
        self._end_source()
        self._video = video
        self._sources.append(
            SourceRecord(
                video.name,
                monitor.threshold_in_words(),
                monitor.watched,
                monitor.score_threshold,
                bool(monitor.members),
            )
        )

    def frame(self, source, frame, result):
        self._sources[-1].add(frame, result.scores)
        self._record(result.changes)
        self._pictures.update(frame, result.maps, result.under_way.values())

    def finish(self, source, changes):
        self._record(changes)
        self._pictures.forget()

    def end(self, source, losses):
        if self._video.live:
            self._sources[-1].losses = losses
        self._sources[-1].problem = losses.problem

    def skip(self, source):
        self._skipped.append(source)

    def close(self):
        self._end_source()
        self.write([self.collected])

    @property
    def collected(self) -> Collected:
        """What was collected, of sources that have ended."""
        return Collected(self._sources, self._pictures.of_event, self._skipped)

    def write(self, parts: Sequence[Collected]) -> None:
        """Writes the page of what was collected, in parts, unless there was no frame in any of them."""
        sources, pictures, skipped = [], {}, []
        for part in parts:
            before = len(sources)
            pictures |= {(before + number, event): of for (number, event), of in part.pictures.items()}
            sources += part.sources
            skipped += part.skipped
        if any(len(source.frame_T) for source in sources):
            when = self._started, datetime.datetime.now()
            write_page(self._path, watch_page(sources, pictures, self._model, when, skipped))

    def _record(self, changes) -> None:
        number = len(self._sources) - 1
        for change in changes:
            event = change.event
            self._sources[-1].events[event.id] = event
            if change.what == "end":
                self._pictures.end((number, event.id), event)

    def _end_source(self) -> None:
        if self._video is not None:
            self._sources[-1].problem = self._sources[-1].problem or self._video.problem
            self._video = None


def model_facts(model: str, members: Sequence[TrainedMember]) -> list[tuple[str, str]]:
    """What the report says of the model: its name, the system of each member, and the program's version."""
    commit = provenance.of_this_process()["commit"]
    return [
        ("Model", model),
        *((f"Member {member.name}" if member.name else "System", _system(member)) for member in members),
        ("Program", f"commit {commit[:12]}" if commit else "of no known commit"),
    ]


def _system(member: TrainedMember) -> str:
    """What a member sees, and what it was trained as."""
    system, metadata = member.config.system, member.trained.metadata
    trained = f"{system}, {training_words(system, metadata['step'], metadata['sequences_seen'])}"
    if not member.name:
        return trained
    about = member_named(member.name).about
    often = f"; it looks at one of {member.every} frames" if member.every > 1 else ""
    return f"{about} ({trained}{often})"
