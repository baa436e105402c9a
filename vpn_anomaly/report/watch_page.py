"""What was watched, as a page: its events with their pictures, and the course of the scores."""

import collections
import datetime
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vpn_anomaly.report.event_parts import EventEntry, event_card, event_table
from vpn_anomaly.report.frame_pictures import colour_bar
from vpn_anomaly.report.parts import (
    Cards,
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
from vpn_anomaly.report.source_record import SourceRecord
from vpn_anomaly.report.timeline import Curve, Span, curve_figure
from vpn_anomaly.scoring.event_kinds import kind_named
from vpn_anomaly.scoring.scores import score_named
from vpn_anomaly.scoring.stream_detector import ANY
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.events import kinds_in_words
from vpn_anomaly.watching.output import SkippedSource

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
      model: names and values of facts on the model.
      when: beginning and end of the watch.
      skipped: sources that could not be watched.
    """
    folder, names = _in_one_folder([source.name for source in sources])
    about = names[0] if len(names) == 1 else f"{len(names)} sources in {folder}"
    entries = _entries(sources, names, pictures)
    table = event_table(entries) if entries else Text(["No events."])
    sections = [
        Section("Events", [_thresholds(sources), table], "events"),
        Section("Scores", [_about_scores(sources), *_curves(sources, names)], "scores"),
    ]
    if entries:
        sections.append(Section("Pictures", _pictures(entries), "pictures"))
    if len(sources) > 1:
        sections.append(Section("Sources", [_source_table(sources, names)], "sources"))
    if skipped:
        sections.append(_skipped_sources(skipped, len(sources) + len(skipped)))
    return Page("Watch report", about, _facts(sources, model, when), sections)


def _in_one_folder(names: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The folder that several files lie in, and their names from there; a single name is left whole."""
    if len(names) == 1:
        return "", names
    folder = os.path.commonpath([os.path.dirname(name) for name in names]) or "."
    return folder, [os.path.relpath(name, folder) for name in names]


def _skipped_sources(skipped: Sequence[SkippedSource], count: int) -> Section:
    """Those that could not be watched, of `count` in all."""
    about = Text([f"{len(skipped)} of {count} sources could not be watched."])
    table = Table([Column("source", number=False), Column("why", number=False)], skipped)
    return Section("Not watched", [about, table], "unwatched")


def _facts(sources, model, when) -> Facts:
    frames = sum(len(source.frame_T) for source in sources)
    seconds = sum(source.seconds for source in sources)
    count = collections.Counter(
        (event.member, event.kind) for source in sources for event in source.events.values()
    )
    kinds = kinds_in_words(count)
    rows = [
        ("Watched", _period(*when)),
        (
            "Frames",
            f"{frames:,} ({frame_time(seconds)}), {sum(s.unscored for s in sources):,} without scores",
        ),
        ("Events", f"{count.total():,}" + (f" ({kinds})" if kinds else "")),
        *model,
    ]
    if len(sources) == 1 and sources[0].losses:
        rows.append(("Lost", sources[0].losses.in_words()))
    if len(sources) == 1 and sources[0].problem:
        rows.append(("Broke on the way", sources[0].problem))
    return Facts(rows)


def _period(begun: datetime.datetime, ended: datetime.datetime) -> str:
    same_day = begun.date() == ended.date()
    return f"{begun:%Y-%m-%d %H:%M:%S} to {ended:{'' if same_day else '%Y-%m-%d '}%H:%M:%S}"


def _thresholds(sources) -> Text:
    """What is known of the thresholds; sources of one size have the same."""
    lines = dict.fromkeys(line for source in sources for line in source.threshold.split("\n"))
    return Text([f"{line}." for line in lines])


def _entries(sources, names, pictures) -> list[EventEntry]:
    return [
        EventEntry(
            names[place] if len(names) > 1 else "",
            event,
            f"event-{place}-{event.id}",
            pictures.get((place, event.id)),
        )
        for place, source in enumerate(sources)
        for event in source.events.values()
    ]


def _about_scores(sources) -> Text:
    of_members = any(watched.member for watched in sources[0].watched.values())
    each = "each kind of event of each member" if of_members else "each kind of event"
    about = [
        f"One curve for {each}, of the score that finds it: the higher, the more anomalous is"
        " the frame. Frames at the dashed threshold or above open an event, which goes on a little below it."
        " Shaded are the events, from the first to the last anomalous frame, under their numbers; numbers"
        " that would overlap are left out. Where there is no line, frames have no score."
    ]
    if of_members:
        about.append(
            f"“{ANY}” is one score of all members: minus the logarithm of the least p-value of each member over"
            " its share of the allowed false alarms."
        )
    if len(sources) > SOURCES_DRAWN:
        about.append(f"Drawn are the {SOURCES_DRAWN} sources with the most improbable events.")
    return Text(about)


def _curves(sources, names) -> Iterator[Figure]:
    """Of the sources with the most improbable events, in their order."""
    least_p = lambda place: min((event.peak.p for event in sources[place].events.values()), default=1)
    for place in sorted(sorted(range(len(sources)), key=least_p)[:SOURCES_DRAWN]):
        source = sources[place]
        of_source = "" if len(names) == 1 else f"{names[place]} – "
        if source.any_T is not None:
            yield curve_figure(_any_curve(source), f"{of_source}{ANY}: what all members find")
        for key, watched in source.watched.items():
            title = f"{watched.label}: {kind_named(watched.kind).meaning}"
            yield curve_figure(_curve(source, key), f"{of_source}{title}")


def _any_curve(source: SourceRecord) -> Curve:
    """Without a threshold: events are of kinds."""
    spans = [Span(event.start.index, event.end.index, str(event.id)) for event in source.events.values()]
    return Curve(
        np.array(source.frame_T),
        np.array(source.any_T),
        f"{ANY}\n(nats)",
        np.array(source.time_T),
        spans=spans,
    )


def _curve(source: SourceRecord, key: str) -> Curve:
    watched = source.watched[key]
    spans = [
        Span(event.start.index, event.end.index, str(event.id))
        for event in source.events.values()
        if (event.member, event.kind) == (watched.member, watched.kind)
    ]
    return Curve(
        np.array(source.frame_T),
        np.array(source.score_T[key]),
        f"{watched.score}\n({score_named(watched.score).unit})",
        np.array(source.time_T),
        source.score_threshold[key],
        spans,
    )


def _pictures(entries: Sequence[EventEntry]) -> list[Text | ColourBar | Cards]:
    pictured = [entry for entry in entries if entry.pictures]
    left_out = len(entries) - len(pictured)
    about = [
        "Every event at its peak. Left: the frame, with a box around the window that raised its score. Middle: what"
        " the model expects there, the mean of its prediction in grey; pixels that do not count show the frame."
        " Right: the frame under the map of surprise."
    ]
    if any(entry.event.member for entry in pictured):
        about.append(
            "Prediction and map are those of the member that found the event, at the size at which it sees"
            " the frame; there is no middle picture of a member that predicts no frames."
        )
    if left_out:
        about.append(
            f"These are the {len(pictured)} most improbable events; {left_out:,} more have no pictures."
        )
    return [Text(about), colour_bar(), Cards([event_card(entry) for entry in pictured])]


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
