"""How far objects move between frames in videos: the search radius that a model needs."""

import math
from collections.abc import Sequence

import numpy as np

REACH = 12  # pixels in each direction that are searched
BLOCK = 16  # pixels
PAIRS = 48  # pairs of consecutive frames, spread over all videos
NOISE = 16.0  # mean squared difference in grey levels below which a block did not move
EXPLAINED = 0.5  # largest part of a moved block's difference that remains after the best displacement
QUANTILE = 0.99  # of the moved blocks; the fastest ones are mostly mismatches


def measured_radius(videos: Sequence[np.ndarray]) -> int:
    """A bound on the displacement of nearly all moving blocks, in pixels per frame, 1 … REACH.

    Blocks of 16×16 pixels in pairs of consecutive frames are matched with every displacement of up to
    12 pixels in each direction. A block counts as moved if a displacement explains its difference to
    the previous frame far better than none. The result is the 99% quantile of the larger coordinate
    over the moved blocks, plus one pixel for subpixel motion; 1 if nothing moved.

    Args:
        videos: uint8 (T, H, W, C) each, any sizes.
    """
    moved = [_moved_blocks(*pair) for pair in _pairs(videos)]
    moved_N = np.concatenate(moved) if moved else np.zeros(0)
    if not len(moved_N):
        return 1
    return min(REACH, math.ceil(np.quantile(moved_N, QUANTILE)) + 1)


def _pairs(videos):
    """Pairs of consecutive grey frames, float32 (H, W), evenly spread over the frames of all videos."""
    pair_counts = [max(0, len(video) - 1) for video in videos]
    total = sum(pair_counts)
    ends = np.cumsum(pair_counts)
    for place in np.unique(np.linspace(0, total - 1, min(PAIRS, total)).astype(int)):
        number = int(np.searchsorted(ends, place, side="right"))
        first = int(place - (ends[number] - pair_counts[number]))
        pair = videos[number][first : first + 2].astype(np.float32).mean(-1)
        yield pair[0], pair[1]


def _moved_blocks(before_HxW, frame_HxW) -> np.ndarray:
    """Displacement of each moved block of a pair: the larger of its two coordinates, in pixels."""
    rows, columns = ((size - 2 * REACH) // BLOCK for size in frame_HxW.shape)
    if rows < 1 or columns < 1:
        return np.zeros(0)
    height, width = rows * BLOCK, columns * BLOCK
    inner = frame_HxW[REACH : REACH + height, REACH : REACH + width]
    error = {}
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            top, left = REACH - down, REACH - right
            square = (inner - before_HxW[top : top + height, left : left + width]) ** 2
            error[down, right] = square.reshape(rows, BLOCK, columns, BLOCK).mean((1, 3))
    still = error[0, 0]
    distance = np.array([max(abs(down), abs(right)) for down, right in error])
    error_DxN = np.stack(list(error.values())).reshape(len(error), -1)
    best_N = error_DxN.argmin(0)
    least_N, still_N = error_DxN.min(0), still.ravel()
    return distance[best_N][(still_N > NOISE) & (least_N < EXPLAINED * still_N)]
