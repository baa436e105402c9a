"""Means of a map over square windows, all of which lie inside it. numpy only."""

import numpy as np


def window_means(map_HxW: np.ndarray, side: int) -> np.ndarray:
    """Returns the mean of every side×side window inside the map, float64 (H−side+1, W−side+1).

    Where the map is lower or narrower than that, its windows are as high or as wide as it is.
    """
    height, width = map_HxW.shape
    rows, columns = min(side, height), min(side, width)
    total = np.zeros((height + 1, width + 1))
    map_HxW.cumsum(0, np.float64).cumsum(1, out=total[1:, 1:])
    sums = (
        total[rows:, columns:] - total[:-rows, columns:] - total[rows:, :-columns] + total[:-rows, :-columns]
    )
    return sums / (rows * columns)
