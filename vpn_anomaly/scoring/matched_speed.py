"""How fast things move, by block matching over several frames. numpy only, nothing is learned."""

from collections.abc import Iterator

import numpy as np

# Of frames of 240×360 pixels: the side of a cell, of which a window has 3×3, and how far a window may have come.
CELL, RADIUS = 26 / 3, 24
CELLS = 3
FRAMES = 4  # that a displacement is over
GAIN = 4.0  # grey levels by which a displacement has to match better than standing still


def largest_speed(frame_HxW: np.ndarray, before_HxW: np.ndarray, scale: float) -> float:
    """Returns the largest speed in a frame, in pixels per frame, as `window_speeds` smoothed by a 3×3 median.

    The median continues the speeds at the border as they are there.

    Args:
      frame_HxW, before_HxW: uint8, a frame and the one FRAMES before it.
      scale: side of the frames as a part of that of 240×360 pixels.
    """
    speed_hxw = window_speeds(
        frame_HxW, before_HxW, max(1, round(CELL * scale)), max(1, round(RADIUS * scale))
    )
    padded = np.pad(speed_hxw, 1, mode="edge")
    around_hxwx3x3 = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return float(np.median(around_hxwx3x3, axis=(2, 3)).max())


def window_speeds(frame_HxW: np.ndarray, before_HxW: np.ndarray, cell: int, radius: int) -> np.ndarray:
    """Returns the speed of every window of CELLS² cells inside the frame, pixels per frame, (h, w).

    A window of frame x came from the displacement d, at most `radius` each way, that minimises

        Σ over its pixels p of |x(p) − before(p − d)|

    the shortest of equally good ones. Its speed is |d| / FRAMES; where d matches by less than GAIN grey
    levels a pixel better than 0, it is 0. Windows begin at every cell; the frames are continued by their
    border, to whole cells at the bottom and right, and wherever d leads outside.
    """
    sides = [max(CELLS * cell, -(-size // cell) * cell) for size in frame_HxW.shape]
    below, beside = (side - size for side, size in zip(sides, frame_HxW.shape))
    frame = np.pad(frame_HxW, ((0, below), (0, beside)), mode="edge")
    before = np.pad(before_HxW, ((radius, radius + below), (radius, radius + beside)), mode="edge")
    costs = _costs(frame, before, cell, radius)
    squared, standing = next(costs)
    least, speed2 = standing.copy(), np.zeros(standing.shape, int)
    for squared, cost in costs:
        better = cost < least
        speed2[better] = squared
        least[better] = cost[better]
    moves = standing - least >= GAIN * (CELLS * cell) ** 2
    return np.where(moves, np.sqrt(speed2) / FRAMES, 0.0)


def _costs(frame, before, cell, radius) -> Iterator[tuple[int, np.ndarray]]:
    """Yields |d|² and the windows' sums of absolute differences of every displacement, the shortest first."""
    height, width = frame.shape
    reach = range(-radius, radius + 1)
    for squared, down, right in sorted((y * y + x * x, y, x) for y in reach for x in reach):
        moved = before[radius - down :, radius - right :][:height, :width]
        difference = np.maximum(frame, moved) - np.minimum(frame, moved)
        # Along columns first, where memory is contiguous; the sum of a cell's column fits 16 bits.
        columns = difference.reshape(-1, cell, width).sum(1, dtype=np.uint16)
        cells = columns.reshape(len(columns), -1, cell).sum(2, dtype=np.int64)
        yield (
            squared,
            sum(
                cells[y : len(cells) - CELLS + 1 + y, x : cells.shape[1] - CELLS + 1 + x]
                for y in range(CELLS)
                for x in range(CELLS)
            ),
        )
