"""The maps of surprise as figures show them: a row each, in the order in which they are drawn."""

from typing import NamedTuple

from vpn_anomaly.scoring.frame_view import LARGEST


class MapRow(NamedTuple):
    """What stands beside a map.

    Attributes:
        title: above it.
        unit: of its values.
        brightest: where its colours end in pictures that have one scale whatever they show.
    """

    title: str
    unit: str
    brightest: float = 6.0  # about log 256: of a value that is one of 256 equally probable ones


MAPS = {
    "nll": MapRow("cross-entropy", "nats"),
    "tail": MapRow("tail surprise", "nats"),
    "detail": MapRow("surprise in small blocks", "nats"),
    "missing": MapRow("missing", "intensity", 1.0),
    "intruding": MapRow("intruding", "intensity", 1.0),
    "error": MapRow("squared error", "intensity²", 0.25),
}


def map_row(name: str) -> MapRow:
    """The row of a map; of one without, its name, in nats."""
    return MAPS.get(name) or MapRow(_OTHERS.get(name, name), "nats")


_OTHERS = {LARGEST: "the largest of its maps"}
