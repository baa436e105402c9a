"""Events on a page: a table of all, and a card with pictures of each that has some."""

from collections.abc import Sequence
from typing import NamedTuple

from vpn_anomaly.report.parts import Card, Cell, Column, Picture, Table
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.events import Event, Moment

DIGITS = 4  # of scores and p-values
CAPTION = (
    "Events are counted in every source from 0. Peak: the frame with the highest score, and its"
    " score; p: the probability that a normal frame scores as high. Frames: how many are"
    " anomalous."
)


class EventEntry(NamedTuple):
    """An event of a page.

    Attributes:
      source: name of its source; empty where the page has one source only.
      anchor: of its card.
      pictures: of its peak; None: it has no card.
    """

    source: str
    event: Event
    anchor: str
    pictures: Sequence[Picture] | None


def event_table(entries: Sequence[EventEntry]) -> Table:
    """A row per event, whose number leads to its card."""
    columns = [
        Column("event"),
        Column("kind", number=False),
        *map(Column, ("first frame", "last frame", "peak", "score", "p", "frames")),
    ]
    rows = [_row(entry) for entry in entries]
    for name, texts in (
        ("member", [entry.event.member for entry in entries]),
        ("source", [entry.source for entry in entries]),
    ):
        if any(texts):
            columns.insert(1, Column(name, number=False))
            for row, text in zip(rows, texts, strict=True):
                row.insert(1, text)
    return Table(columns, rows, CAPTION, "event-table")


def event_card(entry: EventEntry) -> Card:
    """The pictures of an event that has some, and what the table says of it."""
    event = entry.event
    first, last, peak = event.start, event.end, event.peak
    text = (
        f"frames {first.index} to {last.index}, {frame_time(first.time)} to {frame_time(last.time)};"
        f" score {_number(peak.score)}, p {_number(peak.p)}"
    )
    text = f"{entry.source}, {text}" if entry.source else text
    return Card(f"Event {event.id}: {event.label}", text, entry.pictures, entry.anchor)


def _row(entry: EventEntry) -> list[Cell | str]:
    event = entry.event
    return [
        Cell(str(event.id), to=entry.anchor if entry.pictures else ""),
        event.kind,
        _moment(event.start),
        _moment(event.end),
        _moment(event.peak.moment),
        _number(event.peak.score),
        _number(event.peak.p),
        str(event.frames),
    ]


def _moment(moment: Moment) -> Cell:
    return Cell(str(moment.index), frame_time(moment.time))


def _number(value: float) -> str:
    return f"{value:.{DIGITS}g}"
