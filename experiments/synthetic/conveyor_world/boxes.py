"""Bounding boxes of what a defect changes: computed once per defect, then moved with the belt."""

import math
from collections.abc import Sequence

import numpy as np

from experiments.synthetic.conveyor_world import parts

_PHASES = 4  # sub-pixel positions that are tried, as the affected pixels differ between them
_LEVEL = 100.0  # grey level of the plain background on which the items are drawn


def changed_points(
    items: Sequence[parts.Part], others: Sequence[parts.Part], height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels where two sets of items look different: rows, and columns relative to their slot, (N,) each."""
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
    """The bounding box of the visible points when their slot is at column `place`.

    Returns:
      (top, left, bottom, right), half-open, or None if no point is visible. The box has a margin of about
      one pixel, because the points are known only at a few sub-pixel positions.
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
