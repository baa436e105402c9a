"""What was watched, as a page: its events with their pictures, and the course of the scores."""

import collections
import datetime
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vpn_anomaly.report.overlay import BRIGHTEST, LEVELS, blended
from vpn_anomaly.report.parts import (
    Card,
    Cards,
    Cell,
    ColourBar,
    Column,
    Facts,
    Figure,
    Page,
    Picture,
    Section,
    Table,
    Text,
)
from vpn_anomaly.report.pictures import image_uri
from vpn_anomaly.report.source_record import SourceRecord
from vpn_anomaly.report.timeline import Curve, Span, curve_figure
from vpn_anomaly.scoring.event_kinds import KIND_NAMES, kind_named
from vpn_anomaly.scoring.scores import score_named
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.events import Event, Moment
from vpn_anomaly.watching.output import SkippedSource

DIGITS = 4  # of scores and p-values
SOURCES_DRAWN = 12  # whose scores are drawn


def watch_page(
    sources: Sequence[SourceRecord],
    pictures: Mapping[tuple[int, int], Sequence[Picture]],
    model: Sequence[tuple[str, str]],
    when: tuple[datetime.datetime, datetime.datetime],
    skipped: Sequence[SkippedSource] = (),
) -> Page:
    """The page of a watch.

    Args:
      sources: at least one.
      pictures: by place of the source and number of the event.
      model: names and values of what there is to say of the model.
      when: beginning and end of the watch.
      skipped: sources that could not be watched.
    """
    events = [(place, event) for place, source in enumerate(sources) for event in source.events.values()]
    folder, names = _in_one_folder([source.name for source in sources])
    about = names[0] if len(names) == 1 else f"{len(names)} sources in {folder}"
    sections = [
        Section("Events", [*_threshold(sources), _event_table(names, events, pictures)], "events"),
        Section("Scores", [_about_scores(len(sources)), *_curves(sources, names)], "scores"),
    ]
    if events:
        sections.append(Section("Pictures", _pictures(names, events, pictures), "pictures"))
    if len(sources) > 1:
        sections.append(Section("Sources", [_source_table(sources, names)], "sources"))
    if skipped:
        table = Table([Column("source", number=False), Column("why", number=False)], skipped)
        count = len(sources) + len(skipped)
        about_them = Text([f"{len(skipped)} of {count} sources could not be watched."])
        sections.append(Section("Not watched", [about_them, table], "unwatched"))
    return Page("Watch report", about, _facts(sources, events, model, when), sections)


def _in_one_folder(names: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The folder that several files lie in, and their names from there; a single name is left whole."""
    if len(names) == 1:
        return "", names
    folder = os.path.commonpath([os.path.dirname(name) for name in names]) or "."
    return folder, [os.path.relpath(name, folder) for name in names]


def _facts(sources, events, model, when) -> Facts:
    frames = sum(len(source.frame_T) for source in sources)
    seconds = sum(source.seconds for source in sources)
    count = collections.Counter(event.kind for _, event in events)
    kinds = ", ".join(f"{count[kind]} {kind}" for kind in KIND_NAMES if count[kind])
    rows = [
        ("Watched", _period(*when)),
        (
            "Frames",
            f"{frames:,} ({frame_time(seconds)}), {sum(s.unscored for s in sources):,} without scores",
        ),
        ("Events", f"{len(events):,}" + (f" ({kinds})" if kinds else "")),
        *model,
    ]
    if len(sources) == 1 and sources[0].problem:
        rows.append(("Broke on the way", sources[0].problem))
    return Facts(rows)


def _period(begun: datetime.datetime, ended: datetime.datetime) -> str:
    same_day = begun.date() == ended.date()
    return f"{begun:%Y-%m-%d %H:%M:%S} to {ended:{'' if same_day else '%Y-%m-%d '}%H:%M:%S}"


def _threshold(sources) -> list[Text]:
    """What there is to say of the thresholds; sources of one size have the same."""
    lines = dict.fromkeys(line for source in sources for line in source.threshold.split("\n"))
    return [Text([f"{line}." for line in lines])]


def _event_table(names, events, pictures) -> Table | Text:
    if not events:
        return Text(["No events."])
    columns = [
        Column("event"),
        Column("kind", number=False),
        *map(Column, ("first frame", "last frame", "peak", "score", "p", "frames")),
    ]
    several = len(names) > 1
    if several:
        columns.insert(1, Column("source", number=False))
    rows = []
    for place, event in events:
        to = _anchor(place, event) if (place, event.id) in pictures else ""
        row = [
            Cell(str(event.id), to=to),
            event.kind,
            _moment(event.start),
            _moment(event.end),
            _moment(event.peak.moment),
            number(event.peak.score),
            number(event.peak.p),
            str(event.frames),
        ]
        if several:
            row.insert(1, names[place])
        rows.append(row)
    caption = (
        "Events are counted in every source from 0. Peak: the frame with the highest score, and its"
        " score; p: the probability that a normal frame scores as high. Frames: how many are"
        " anomalous."
    )
    return Table(columns, rows, caption, "event-table")


def _moment(moment: Moment) -> Cell:
    return Cell(str(moment.index), frame_time(moment.time))


def number(value: float) -> str:
    """A score or p-value as the page shows it."""
    return f"{value:.{DIGITS}g}"


def _anchor(place: int, event: Event) -> str:
    return f"event-{place}-{event.id}"


def _about_scores(sources: int) -> Text:
    return Text(
        [
            "One curve for each kind of event, of the score that finds it: the higher, the more anomalous is"
            " the frame. Frames at the dashed threshold or above open an event, which goes on a little below it."
            " Shaded are the events, from the first to the last anomalous frame, under their numbers; numbers"
            " that would overlap are left out. Where there is no line, frames have no score.",
            *(
                [f"Drawn are the {SOURCES_DRAWN} sources with the most improbable events."]
                if sources > SOURCES_DRAWN
                else []
            ),
        ]
    )


def _curves(sources, names) -> Iterator[Figure]:
    least_p = lambda place: min((event.peak.p for event in sources[place].events.values()), default=1)
    for place in sorted(sorted(range(len(sources)), key=least_p)[:SOURCES_DRAWN]):
        source = sources[place]
        for kind, score in source.score_of_kind.items():
            title = f"{kind}: {kind_named(kind).meaning}"
            spans = [
                Span(event.start.index, event.end.index, str(event.id))
                for event in source.events.values()
                if event.kind == kind
            ]
            curve = Curve(
                np.array(source.frame_T),
                np.array(source.score_T[kind]),
                f"{score}\n({score_named(score).unit})",
                np.array(source.time_T),
                source.score_threshold[kind],
                spans,
            )
            yield curve_figure(curve, title if len(names) == 1 else f"{names[place]} – {title}")


def _pictures(names, events, pictures) -> list[Text | ColourBar | Cards]:
    pictured = [(place, event) for place, event in events if (place, event.id) in pictures]
    left_out = len(events) - len(pictured)
    about = (
        "Every event at its peak. Left: the frame, with a box around the window that raised its score. Middle: what"
        " the model expects there, the mean of its prediction in grey; pixels that do not count show the frame."
        " Right: the frame under the map of surprise."
    )
    rest = [f"These are the {len(pictured)} most improbable events; {left_out:,} more have no pictures."]
    cards = [
        Card(
            f"Event {event.id}: {event.kind}",
            _in_words(names, place, event),
            pictures[place, event.id],
            _anchor(place, event),
        )
        for place, event in pictured
    ]
    return [Text([about, *(rest if left_out else [])]), colour_bar(), Cards(cards)]


def _in_words(names, place: int, event: Event) -> str:
    peak = event.peak
    words = (
        f"frames {event.start.index} to {event.end.index}, {frame_time(event.start.time)} to"
        f" {frame_time(event.end.time)}; score {number(peak.score)}, p {number(peak.p)}"
    )
    return f"{names[place]}, {words}" if len(names) > 1 else words


def colour_bar() -> ColourBar:
    """The colours of the maps over a grey frame."""
    grey_1xVx1 = np.full((1, LEVELS, 1), 128, np.uint8)
    colours = blended(grey_1xVx1, np.linspace(0, BRIGHTEST, LEVELS)[None], BRIGHTEST)
    return ColourBar(image_uri(colours), "Map:", "0 nats", f"{BRIGHTEST:g} nats or more")


def _source_table(sources, names) -> Table:
    columns = [
        Column("source", number=False),
        Column("frames"),
        Column("duration"),
        Column("without scores"),
        Column("events"),
        Column("broke on the way", number=False),
    ]
    rows = [
        [
            name,
            f"{len(source.frame_T):,}",
            frame_time(source.seconds),
            f"{source.unscored:,}",
            f"{len(source.events):,}",
            source.problem or "",
        ]
        for source, name in zip(sources, names)
    ]
    return Table(columns, rows)
