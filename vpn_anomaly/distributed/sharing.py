"""Work that the processes share: each does a part, and all get the whole."""

import pickle
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from vpn_anomaly.distributed import group

_Value = TypeVar("_Value")


def own_part(total: int) -> slice:
    """Which of so many items are this process's."""
    return part_of(total, group.current().index, group.current().count)


def part_of(total: int, index: int, count: int) -> slice:
    """Part number `index` of `count` parts of so many items: consecutive ones, of each as many, or one more."""
    return slice(index * total // count, (index + 1) * total // count)


def in_parts(items: Sequence[_Value], count: int) -> list[Sequence[_Value]]:
    """The items in so many parts (`part_of`)."""
    return [items[part_of(len(items), index, count)] for index in range(count)]


def gathered(value: _Value) -> list[_Value]:
    """The values of all processes, in their order; a collective of JAX.

    They are pickled: they come from this program's own processes.
    """
    if group.current().count == 1:
        return [value]
    from jax.experimental import multihost_utils

    packed = pickle.dumps(value)
    sizes = group.current().exchange(len(packed))
    padded = np.zeros(max(sizes), np.uint8)
    padded[: len(packed)] = np.frombuffer(packed, np.uint8)
    all_PxN = np.asarray(multihost_utils.process_allgather(padded))
    return [pickle.loads(row_N[:size].tobytes()) for row_N, size in zip(all_PxN, sizes, strict=True)]


def joined(own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of all processes by name, (n, ...) each, joined to (N, ...) in the order of the processes.

    A process without items gives none.
    """
    return concatenated(gathered(dict(own)))


def concatenated(parts: Sequence[Mapping[str, ArrayLike]]) -> dict[str, np.ndarray]:
    """The arrays of several parts by name, joined along their first axis; parts without arrays are passed over."""
    there = [part for part in parts if part]
    return {name: np.concatenate([part[name] for part in there]) for name in (there[0] if there else ())}
