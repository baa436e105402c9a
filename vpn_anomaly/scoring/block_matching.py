"""Block matching: how far earlier frames, moved, explain a frame. numpy only, nothing is learned.

A displacement (down, right) is in pixels per frame and at most RADIUS each way; all (2·RADIUS + 1)²
are tried. Outside the frame everything is black. A squared difference is summed over the colours.

Internally the sequences are the last axis: a moved frame is then a copy of long runs of memory.
"""

import numpy as np

# A digit of the default speed moves by 3.6 pixels per frame: 4 with the rounding of its positions.
RADIUS = 4
# Chosen on validation by mean break-even accuracy over temporal, spatial and both, 256 normal and 256
# corrupted sequences of configs/quick.py each: squared differences in windows of 2 pixels 0.940 (1.000,
# 0.820, 1.000), absolute ones as well; windows of 3: 0.927 (absolute: 0.913), of 4 to 9 and 11: less;
# radius 5: 0.930, 6: 0.927, and 3 at most 0.867 with windows of 3 and more.
RESIDUAL_WINDOW = 2
# The best of blocks of 1, 2, 4, 8 and 16 pixels with margins of 0 to 8, in the same way: 0.814 (see
# `EARLIER_FRAMES` in baselines.py); the other pairs tried lie between 0.797 and 0.813.
BLOCK = 4
MARGIN = 6
_BATCH = 32  # sequences at once: their arrays of a frame stay near the caches

# Shortest first: of displacements that match equally well the shortest wins, none for a flat block.
_DISPLACEMENTS = sorted(
    ((down, right) for down in range(-RADIUS, RADIUS + 1) for right in range(-RADIUS, RADIUS + 1)),
    key=lambda displacement: (displacement[0] ** 2 + displacement[1] ** 2, displacement),
)


def motion_compensated_residual(frame_BxHxWxC: np.ndarray, before_BxHxWxC: np.ndarray) -> np.ndarray:
    """Returns what no motion explains, in squared grey levels, float64 (B,).

        max over windows of  min over d of  mean over window and colours (frame(p) − before(p − d))²

    The windows are all those of RESIDUAL_WINDOW² pixels inside the frame, and each has its own
    displacement d.

    Args:
      frame_BxHxWxC, before_BxHxWxC: uint8, at least RESIDUAL_WINDOW pixels high and wide.
    """
    return _in_batches(_residual, frame_BxHxWxC, before_BxHxWxC)


def extrapolated(earlier_BxKxHxWxC: np.ndarray) -> np.ndarray:
    """Returns the frame that follows if every block goes on as it moved, uint8 (B, H, W, C).

    The last frame is cut into blocks (see `block_displacements`), the content of each is moved by
    its displacement, and where several meet on one pixel the largest value of each colour stays.
    A pixel that nothing moves to is black; what leaves the frame is lost.

    Args:
      earlier_BxKxHxWxC: uint8, K ≥ 1 frames, the last of them the newest. One frame has no motion
        and is returned as it is.
    """
    return _in_batches(_extrapolated, earlier_BxKxHxWxC)


def block_displacements(earlier_BxKxHxWxC: np.ndarray) -> np.ndarray:
    """Returns the displacement of each block of the newest frame, int64 (B, h, w, 2): down, right.

    A block is BLOCK×BLOCK pixels from a multiple of BLOCK on, fewer at the frame's lower and right
    edge. With frames x₁ (the newest), x₂, …, x_K the displacement d, one for all pairs, minimises

        Σ_p Σ_k (x_k(p − (k − 1)·d) − x_{k+1}(p − k·d))²,    k = 1 … K − 1,

    over the pixels p of the block and of MARGIN more on every side, as far as they are inside the
    frame. Of equally good ones the shortest is taken; with one frame that is (0, 0).
    """
    return _in_batches(
        lambda earlier: np.moveaxis(np.array(_DISPLACEMENTS)[_best_numbers(earlier)], 2, 0),
        earlier_BxKxHxWxC,
    )


def _residual(frame_BxHxWxC, before_BxHxWxC):
    frame, before = _sequences_last(frame_BxHxWxC), _sequences_last(before_BxHxWxC)
    costs = (_window_sums(_squared_difference(frame, _moved(before, one))) for one in _DISPLACEMENTS)
    least = next(costs)
    for cost in costs:
        np.minimum(least, cost, out=least)
    return least.max((0, 1)) / (RESIDUAL_WINDOW**2 * len(frame))


def _extrapolated(earlier_BxKxHxWxC):
    last = np.ascontiguousarray(earlier_BxKxHxWxC[:, -1].transpose(3, 1, 2, 0))
    _, height, width, _ = last.shape
    number_hxwxB = _best_numbers(earlier_BxKxHxWxC)
    number_HxWxB = number_hxwxB.repeat(BLOCK, 0)[:height].repeat(BLOCK, 1)[:, :width]
    following = np.zeros_like(last)
    for number in np.unique(number_hxwxB):
        content = np.where(number_HxWxB == number, last, np.uint8(0))
        np.maximum(following, _moved(content, _DISPLACEMENTS[number]), out=following)
    return following.transpose(3, 1, 2, 0)


def _best_numbers(earlier_BxKxHxWxC):
    """The index of each block's displacement in _DISPLACEMENTS, (h, w, B)."""
    newest_first = [_sequences_last(frame) for frame in earlier_BxKxHxWxC.swapaxes(0, 1)[::-1]]
    _, height, width, sequences = newest_first[0].shape
    rows, columns = _supports(height), _supports(width)
    number_hxwxB = np.zeros((len(rows[0]), len(columns[0]), sequences), np.int64)
    least = np.full(number_hxwxB.shape, np.iinfo(np.int64).max)
    for number, displacement in enumerate(_DISPLACEMENTS):
        cost_hxWxB = _span_sums(_path_cost(newest_first, displacement), rows, 0)
        cost = _span_sums(cost_hxWxB, columns, 1)
        number_hxwxB[cost < least] = number
        np.minimum(least, cost, out=least)
    return number_hxwxB


def _path_cost(newest_first, displacement):
    """Sum of squared differences along a straight path into each pixel of the newest frame."""
    down, right = displacement
    cost_HxWxB = np.zeros(newest_first[0].shape[1:], np.int32)
    for age, (newer, older) in enumerate(zip(newest_first, newest_first[1:])):
        difference = _squared_difference(newer, _moved(older, displacement))
        cost_HxWxB += _moved(difference, (age * down, age * right)) if age else difference
    return cost_HxWxB


def _supports(size):
    """First pixel, and the one after the last, that each block's match looks at along an axis."""
    start = np.arange(0, size, BLOCK)
    return np.maximum(start - MARGIN, 0), np.minimum(start + BLOCK + MARGIN, size)


def _span_sums(map_HxWxB, spans, axis):
    """Sums over spans (firsts, ends) of an axis as differences of a running sum, int64.

    The running sum line by line: np.cumsum goes along the axis, across memory, and is far slower.
    """
    lines = np.moveaxis(map_HxWxB, axis, 0)
    running = np.zeros((len(lines) + 1, *lines.shape[1:]), np.int64)
    for place, line in enumerate(lines):
        np.add(running[place], line, out=running[place + 1])
    firsts, ends = spans
    return np.moveaxis(running[ends] - running[firsts], 0, axis)


def _window_sums(map_HxWxB):
    """Sums over all windows of RESIDUAL_WINDOW² pixels inside the map."""
    for axis in (0, 1):
        count = map_HxWxB.shape[axis] - RESIDUAL_WINDOW + 1
        along = (slice(None),) * axis
        map_HxWxB = sum(map_HxWxB[(*along, slice(first, first + count))] for first in range(RESIDUAL_WINDOW))
    return map_HxWxB


def _squared_difference(a_CxHxWxB, b_CxHxWxB):
    difference = a_CxHxWxB - b_CxHxWxB
    return np.square(difference, out=difference).sum(0, dtype=np.int32)


def _moved(array_xHxWxB, displacement):
    """The array moved by (down, right), zeros where nothing came from."""
    to_rows, from_rows = _overlap(displacement[0], array_xHxWxB.shape[-3])
    to_columns, from_columns = _overlap(displacement[1], array_xHxWxB.shape[-2])
    moved = np.zeros_like(array_xHxWxB)
    moved[..., to_rows, to_columns, :] = array_xHxWxB[..., from_rows, from_columns, :]
    return moved


def _overlap(shift, size):
    """The target and the source range of a shift along an axis."""
    length = max(size - abs(shift), 0)
    to, source = max(shift, 0), max(-shift, 0)
    return slice(to, to + length), slice(source, source + length)


def _sequences_last(frame_BxHxWxC):
    """(C, H, W, B) int32: squared differences of bytes fit."""
    return np.ascontiguousarray(frame_BxHxWxC.transpose(3, 1, 2, 0), np.int32)


def _in_batches(function, *arrays):
    """Applies a function of arrays with sequences in front to batches; joins its results."""
    starts = range(0, max(len(arrays[0]), 1), _BATCH)  # no sequence: one empty batch
    return np.concatenate([function(*(a[start : start + _BATCH] for a in arrays)) for start in starts])
