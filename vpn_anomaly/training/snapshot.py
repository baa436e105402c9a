"""A moment of a training, as it is told to whoever shows how it goes."""

from typing import Any, NamedTuple


class Snapshot(NamedTuple):
    """What is known after a step.

    Attributes:
        step: its number, from 1 on; it may be ahead of the last line in the log.
        params: the parameters, on the devices: to be read at once, as the next step takes their place.
        seconds: that training took so far, over all processes that did a part of it.
        seconds_left: estimated; None: not known yet.
    """

    step: int
    params: Any
    seconds: float
    seconds_left: float | None
