"""A guard against a sudden change of light over the whole frame: a lamp, a cloud, the exposure.

The frame is seen as 8×8 blocks of 4×4 cells, each cell by its mean grey level, which leaves
little of the camera's noise. From one frame to the next the light changed if

1. one straight line, level after = gain · level before + offset, holds for the medians of 90% of
   the blocks, with a deviation of at most 1.5 grey levels or a quarter of the block's change;
2. the gain is at least 1/5; a lens that is covered or painted has none;
3. half of the blocks change by at least 4 grey levels by that line;
4. blocks with texture keep it: their cells before and after are correlated by at least 0.7.

Blocks that are nearly black or white before or after are left out; half of all must be neither.

What this does not see: a change slower than 4 levels a frame; light on a part of the frame, such as
headlights or a shadow; a lamp switched off into darkness; any change in a scene that is mostly
black; a change while the camera moves or while more than a tenth of the frame moves. What it takes
for light though it is not: a thing without texture and wider than the frame before a scene without
texture.
"""

import numpy as np

BLOCKS = 8  # along each side of the frame
CELLS = 4  # along each side of a block
AGREEING = 0.9  # of the blocks
LEAST_CHANGE = 4.0  # grey levels, like the next two
LEAST_TOLERANCE = 1.5
TEXTURE = 2.0  # standard deviation of a block's cells
TOLERANCE = 0.25  # of a block's change
LEAST_GAIN = 0.2
CORRELATION = 0.7
BLACK, WHITE = 4, 251  # grey levels beyond which a block is left out
APART = 8  # grey levels by which two blocks differ at least that the gain is estimated from


class LightGuard:
    """Finds, frame by frame, whether the light changed; it keeps 1,024 cell means of the last frame."""

    def __init__(self):
        self._cells = None

    def update(self, grey_HxW: np.ndarray) -> bool:
        """Whether the light changed since the frame before; False for the first frame.

        Args:
          grey_HxW: grey levels 0..255, uint8, of any size.
        """
        before, self._cells = self._cells, _cell_means(grey_HxW)
        return before is not None and _same_scene_in_other_light(before, self._cells)


def _cell_means(grey_HxW: np.ndarray) -> np.ndarray:
    """Mean grey level of the cells of every block, (blocks, cells of a block)."""
    means = np.asarray(grey_HxW)
    for axis in (1, 0):  # rows lie together in memory
        # In a frame of fewer pixels than cells some cells show the same pixel.
        edges = np.arange(BLOCKS * CELLS + 1) * means.shape[axis] // (BLOCKS * CELLS)
        sums = np.add.reduceat(means, edges[:-1], axis, dtype=np.float64)
        means = sums / np.expand_dims(np.maximum(np.diff(edges), 1), 1 - axis)
    blocks = means.reshape(BLOCKS, CELLS, BLOCKS, CELLS).swapaxes(1, 2)
    return blocks.reshape(BLOCKS**2, CELLS**2)


def _same_scene_in_other_light(before_BxC: np.ndarray, after_BxC: np.ndarray) -> bool:
    level_Bx2 = np.stack([np.median(before_BxC, 1), np.median(after_BxC, 1)], 1)
    informative_B = ((level_Bx2 >= BLACK) & (level_Bx2 <= WHITE)).all(1)
    if informative_B.mean() < 0.5:
        return False
    before_N, after_N = level_Bx2[informative_B].T
    gain, offset = _line(before_N, after_N)
    change_N = (gain - 1) * before_N + offset
    if gain < LEAST_GAIN or np.median(np.abs(change_N)) < LEAST_CHANGE:
        return False
    tolerance_N = np.maximum(LEAST_TOLERANCE, TOLERANCE * np.abs(change_N))
    on_line_N = np.abs(after_N - before_N - change_N) <= tolerance_N
    kept_N = _texture_kept(before_BxC[informative_B], after_BxC[informative_B])
    return bool((on_line_N & kept_N).mean() >= AGREEING)


def _line(x_N: np.ndarray, y_N: np.ndarray) -> tuple[float, float]:
    """Slope and intercept by Theil and Sen: medians over all pairs, then over all points.

    Where no two points lie apart there is no slope to be seen, and it is 1.
    """
    first, second = np.triu_indices(len(x_N), 1)
    distance = x_N[second] - x_N[first]
    apart = np.abs(distance) >= APART
    rise = y_N[second] - y_N[first]
    slope = float(np.median(rise[apart] / distance[apart])) if apart.any() else 1.0
    return slope, float(np.median(y_N - slope * x_N))


def _texture_kept(before_NxC: np.ndarray, after_NxC: np.ndarray) -> np.ndarray:
    """Which blocks have the texture they had, or never had any; bool (N,)."""
    before, after = (cells - cells.mean(1, keepdims=True) for cells in (before_NxC, after_NxC))
    spread_before, spread_after = before.std(1), after.std(1)
    covariance = (before * after).mean(1)
    flat = np.maximum(spread_before, spread_after) < TEXTURE
    return flat | (covariance >= CORRELATION * spread_before * spread_after)
