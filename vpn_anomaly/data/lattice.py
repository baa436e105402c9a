"""Grid masks: the pixels of the last frame that the model is shown.

A mask shows the pixels on a lattice of `period` = (rows, columns), moved by a shift (dy, dx) with
0 <= dy < rows and 0 <= dx < columns. A 4×5 lattice shows 1 in 20 pixels (5%).
"""

import numpy as np

from vpn_anomaly.data.random_bits import integers_below, random_bits
from vpn_anomaly.errors import UserError


def shown(height: int, width: int, shift, period):
    """Which pixels are shown, bool (..., H, W), for shifts (..., 2).

    Uses array operators only, so it returns a NumPy array for NumPy shifts and a JAX array for
    (traced) JAX shifts.
    """
    rows, columns = period
    row_shown = (np.arange(height) - shift[..., 0, None]) % rows == 0
    column_shown = (np.arange(width) - shift[..., 1, None]) % columns == 0
    return row_shown[..., :, None] & column_shown[..., None, :]


def random_shifts(seed, split, index_N, frames: int, period) -> np.ndarray:
    """A uniformly random shift for every frame of every sequence, int32 (N, T, 2)."""
    bits = random_bits(seed, split, index_N, "mask", 2 * frames)
    return integers_below(bits.reshape(-1, frames, 2), np.array(period)).astype(np.int32)


def fixed_shifts(count: int, period) -> np.ndarray:
    """The first `count` evaluation shifts, int32 (count, 2), the same for every sequence.

    Farthest-point sampling on the periodic lattice, so that any number of them is well spread;
    rows·columns of them are every shift once. Raises UserError for more.
    """
    rows, columns = period
    if not 1 <= count <= rows * columns:
        raise UserError(
            f"{count} masks: a lattice of {rows}x{columns} has 1 to {rows * columns} different"
            " shifts; set score.masks within that range"
        )
    cell_Px2 = np.stack(np.divmod(np.arange(rows * columns), columns), axis=-1)
    chosen = [0]
    nearest_P = _torus_distance(cell_Px2, cell_Px2[0], period)
    while len(chosen) < count:
        chosen.append(int(np.argmax(nearest_P)))
        nearest_P = np.minimum(nearest_P, _torus_distance(cell_Px2, cell_Px2[chosen[-1]], period))
    return cell_Px2[chosen].astype(np.int32)


def _torus_distance(cell_Px2, origin_2, period) -> np.ndarray:
    """Squared distance of every cell to the nearest periodic copy of the origin, in pixels²."""
    offset_Px2 = np.abs(cell_Px2 - origin_2)
    offset_Px2 = np.minimum(offset_Px2, np.array(period) - offset_Px2)
    return np.sum(offset_Px2**2, axis=-1)
