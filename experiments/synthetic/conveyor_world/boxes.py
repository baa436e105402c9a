"""Boxes around what a defect changes: found once per defect, then moved with the belt."""

import math
from collections.abc import Sequence

import numpy as np

from experiments.synthetic.conveyor_world import parts

_PHASES = 4  # places between two pixels that are looked at: an edge may touch other pixels at each
_LEVEL = 100.0  # grey level of the belt that the items are compared on


def changed_points(
    items: Sequence[parts.Part], others: Sequence[parts.Part], height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where two sets of items look different: rows, and columns from their slot's place, (N,) each.

    In pixels.
    """
    reach = math.ceil(parts.furthest_reach(height))
    row_N, column_N = [], []
    for phase in np.arange(_PHASES) / _PHASES:
        pictures = [np.full((height, 2 * reach + 2), _LEVEL, np.float32) for _ in range(2)]
        for picture_HxW, shown in zip(pictures, (items, others)):
            for item in shown:
                parts.draw(picture_HxW, item, reach + phase)
        rows, columns = np.nonzero(pictures[0] != pictures[1])
        row_N.append(rows)
        column_N.append(columns - reach - phase)
    return np.concatenate(row_N), np.concatenate(column_N)


def box_in_view(
    row_N: np.ndarray, column_N: np.ndarray, place: float, width: int
) -> tuple[int, int, int, int] | None:
    """The box of the points that are in the picture, when their slot is at column `place`.

    Returns:
      (top, left, bottom, right), half open; None where no point is in the picture. All sides have
      about a pixel of room, as the points are known at some places between two pixels only.
    """
    seen_N = (column_N + place > -1) & (column_N + place < width)
    if not seen_N.any():
        return None
    rows, columns = row_N[seen_N], column_N[seen_N] + place
    return (
        int(rows.min()) - 1,
        max(math.floor(columns.min()), 0),
        int(rows.max()) + 2,
        min(math.ceil(columns.max()) + 1, width),
    )
