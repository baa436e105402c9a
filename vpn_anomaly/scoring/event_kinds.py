"""The kinds of events that scores find, and how each is shown."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class EventKind:
    """A kind of event.

    Attributes:
        name: as tables and files name it.
        meaning: what is anomalous, in words.
        colour: RGB, of boxes.
        corner: of a box, that the name stands at; names at one corner stand beneath each other.
    """

    name: str
    meaning: str
    colour: tuple[int, int, int]
    corner: str


EVENT_KINDS = (
    EventKind("missing", "something that should be there is not", (33, 230, 255), "top left"),
    EventKind("intruding", "something is there that should not be", (90, 255, 80), "bottom left"),
    EventKind("motion", "the whole frame is improbable", (255, 240, 60), "bottom right"),
    EventKind("detail", "a few pixels are improbable", (255, 150, 40), "top right"),
    EventKind("speed", "something moves faster than anything normal", (255, 90, 90), "top left"),
    EventKind("direction", "something moves where nothing normal moves so", (200, 120, 255), "bottom left"),
    EventKind("presence", "something is where nothing normal is", (255, 120, 200), "bottom right"),
    EventKind("change", "something changes as nothing normal does", (255, 200, 90), "bottom right"),
    EventKind("appearance", "something looks like nothing normal", (120, 170, 255), "top right"),
)
KIND_NAMES = tuple(kind.name for kind in EVENT_KINDS)


def kind_named(name: str) -> EventKind:
    """The kind of event of this name. KeyError for another."""
    return _KIND_OF_NAME[name]


def label(kind: str, member: str) -> str:
    """What an event of a kind is called that a member found; `member` is empty for a single model."""
    return f"{member} {kind}" if member else kind


_KIND_OF_NAME = {kind.name: kind for kind in EVENT_KINDS}
