"""How far things move in videos: the search radius that a model needs.

A noisy block matches many places about as badly, and a block of a fence matches every picket. So a match
counts only where it is unique, and where the block moves on likewise in the next frames.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from vpn_anomaly.data.video.block_costs import block_costs

REACH = 12  # pixels in each direction and frame that are searched …
FARTHEST = 24  # … but no more than this over several frames: a model's work grows with the square
BLOCK = 16  # pixels
PLACES = 96  # in time, spread over all videos
BLOCKS = 256  # at each of them, spread over those that changed
ROUNDING = 1 / 6  # variance of the difference of two rounded grey levels
EXPLAINED = 0.5  # largest part of a moved block's difference that remains after the best displacement
UNIQUE = 0.6  # largest part that the least cost may be of the least one elsewhere
ELSEWHERE = 3  # pixels from the best displacement
STEADY = 0.25  # by which the displacement may change from one time to the next, but at least by a pixel
QUANTILE = 0.99  # of the moved blocks


def measured_radius(videos: Sequence[np.ndarray], horizon: int = 1) -> int:
    """A bound on the displacement over `horizon` frames of nearly all moving blocks, in pixels, 1 or more.

    Blocks of 16×16 pixels are matched with the frame `horizon` frames before, with every displacement of
    up to `reach(horizon)` pixels in each direction. A block counts as moved if a displacement explains its
    difference to that frame far better than none and than any other, and if it is found about as far on in
    the frame `horizon` frames later. Noise has no threshold: it is what the best match leaves, which has
    to be small beside what the others leave. The result is the 99% quantile of the larger coordinate over
    the moved blocks, plus one pixel for subpixel motion; at most the reach; 1 if nothing moved.

    Args:
        videos: uint8 (T, H, W, C) each, any sizes.
    """
    farthest = reach(horizon)
    moved = [_moved_blocks(*frames, farthest) for frames in _frames_in_turn(videos, horizon)]
    moved_N = np.concatenate(moved) if moved else np.zeros(0)
    if not len(moved_N):
        return 1
    return min(farthest, math.ceil(np.quantile(moved_N, QUANTILE)) + 1)


def reach(horizon: int) -> int:
    """The largest displacement over `horizon` frames that is searched, in pixels."""
    return min(REACH * horizon, FARTHEST)


def _frames_in_turn(videos, horizon) -> Iterator[list[np.ndarray]]:
    """Three grey frames each, `horizon` frames apart, float (H, W), evenly spread over all videos."""
    counts = [max(0, len(video) - 2 * horizon) for video in videos]
    total, ends = sum(counts), np.cumsum(counts)
    for place in np.unique(np.linspace(0, total - 1, min(PLACES, total)).astype(int)):
        number = int(np.searchsorted(ends, place, side="right"))
        first = int(place - (ends[number] - counts[number]))
        chosen = videos[number][first : first + 2 * horizon + 1 : horizon]
        yield [frame.astype(float).mean(-1) for frame in chosen]


def _moved_blocks(before_HxW, frame_HxW, after_HxW, farthest) -> np.ndarray:
    """Displacement of each moved block of a frame: the larger of its two coordinates, in pixels."""
    corner_Nx2 = _changed_blocks(before_HxW, frame_HxW)
    if not len(corner_Nx2):
        return np.zeros(0)
    cost_NxDxD = _costs(frame_HxW, before_HxW, corner_Nx2, farthest)
    moved_Nx2, is_clear_N = _best(cost_NxDxD), _are_clear(cost_NxDxD)
    corner_Nx2, moved_Nx2 = corner_Nx2[is_clear_N], moved_Nx2[is_clear_N]
    if not len(corner_Nx2):
        return np.zeros(0)
    back_Nx2 = _best(_costs(frame_HxW, after_HxW, corner_Nx2, farthest))
    moved_N = np.abs(moved_Nx2).max(1)
    goes_on_N = np.abs(moved_Nx2 + back_Nx2).max(1) <= np.maximum(1, STEADY * moved_N)
    return moved_N[goes_on_N]


def _changed_blocks(before_HxW, frame_HxW) -> np.ndarray:
    """Corners (N, 2) of up to BLOCKS blocks that differ by more than rounding."""
    rows, columns = (size // BLOCK for size in frame_HxW.shape)
    whole = (frame_HxW - before_HxW)[: rows * BLOCK, : columns * BLOCK]
    variance_hxw = whole.reshape(rows, BLOCK, columns, BLOCK).var((1, 3))
    corner_Nx2 = BLOCK * np.argwhere(variance_hxw > ROUNDING / EXPLAINED)
    return corner_Nx2[np.linspace(0, len(corner_Nx2) - 1, min(BLOCKS, len(corner_Nx2))).astype(int)]


def _costs(frame_HxW, source_HxW, corner_Nx2, farthest) -> np.ndarray:
    """`block_costs`, in which exact matches are no better than rounding allows."""
    return block_costs(frame_HxW, source_HxW, corner_Nx2, BLOCK, farthest) + ROUNDING


def _best(cost_NxDxD) -> np.ndarray:
    """The displacement of least cost, rows and columns, (N, 2)."""
    count, side, _ = cost_NxDxD.shape
    place_N = cost_NxDxD.reshape(count, -1).argmin(1)
    return np.stack(np.divmod(place_N, side), axis=1) - side // 2


def _are_clear(cost_NxDxD) -> np.ndarray:
    """Whether the best displacement is far better than none and than any other, bool (N,)."""
    centre = cost_NxDxD.shape[1] // 2
    places = np.arange(-centre, centre + 1)
    near_Nx2xD = np.abs(places - _best(cost_NxDxD)[..., None]) < ELSEWHERE
    near_NxDxD = near_Nx2xD[:, 0, :, None] & near_Nx2xD[:, 1, None, :]
    elsewhere_N = np.where(near_NxDxD, np.inf, cost_NxDxD).min((1, 2))
    least_N, still_N = cost_NxDxD.min((1, 2)), cost_NxDxD[:, centre, centre]
    return (least_N < EXPLAINED * still_N) & (least_N < UNIQUE * elsewhere_N)
