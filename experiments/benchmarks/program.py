"""What a suite of benchmarks times."""

import types
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Program(NamedTuple):
    """A program of a suite.

    Attributes:
        run: runs it once.
        frames: how many frames that takes; times are those of one.
        fields: of its row, beside its time: what it is.
    """

    run: Callable
    frames: int = 1
    fields: Mapping[str, object] = types.MappingProxyType({})
