"""Block matching against loops over pixels, and on glyphs whose motion is known."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.scoring import block_matching
from vpn_anomaly.scoring.block_matching import (
    BLOCK,
    MARGIN,
    RADIUS,
    block_displacements,
    extrapolated,
    motion_compensated_residual,
)

SPAN = range(-RADIUS, RADIUS + 1)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def value(frame_HxWxC, row, column, channel):
    """A pixel, black outside the frame."""
    height, width, _ = frame_HxWxC.shape
    inside = 0 <= row < height and 0 <= column < width
    return int(frame_HxWxC[row, column, channel]) if inside else 0


def loop_residual(frame, before):
    height, width, channels = frame.shape
    worst = 0.0
    for row, column in itertools.product(range(height - 1), range(width - 1)):
        costs = []
        for down, right in itertools.product(SPAN, SPAN):
            costs.append(
                sum(
                    (int(frame[y, x, c]) - value(before, y - down, x - right, c)) ** 2
                    for y in (row, row + 1)
                    for x in (column, column + 1)
                    for c in range(channels)
                )
                / (4 * channels)
            )
        worst = max(worst, min(costs))
    return worst


def loop_displacement(earlier, first_row, first_column):
    """Of the block that starts at a pixel: (cost, length, displacement) compared in this order."""
    count, height, width, channels = earlier.shape
    rows = range(max(first_row - MARGIN, 0), min(first_row + BLOCK + MARGIN, height))
    columns = range(max(first_column - MARGIN, 0), min(first_column + BLOCK + MARGIN, width))
    candidates = []
    for down, right in itertools.product(SPAN, SPAN):
        cost = 0
        for y, x, c in itertools.product(rows, columns, range(channels)):
            path = [
                value(earlier[count - 1 - age], y - age * down, x - age * right, c) for age in range(count)
            ]
            cost += sum((a - b) ** 2 for a, b in zip(path, path[1:]))
        candidates.append((cost, down**2 + right**2, (down, right)))
    return min(candidates)[2]


def loop_extrapolation(last, displacements):
    following = np.zeros_like(last)
    for y, x, c in np.ndindex(last.shape):
        down, right = displacements[y // BLOCK, x // BLOCK]
        to_y, to_x = y + down, x + right
        if 0 <= to_y < last.shape[0] and 0 <= to_x < last.shape[1]:
            following[to_y, to_x, c] = max(following[to_y, to_x, c], last[y, x, c])
    return following


def moving(glyph, starts_and_steps, frames, side=32):
    """A clip (1, T, side, side, 1) of one glyph on black, several times, put together by maximum."""
    clip = np.zeros((1, frames, side, side, 1), np.uint8)
    for (row, column), (down, right) in starts_and_steps:
        for frame in range(frames):
            y, x = row + frame * down, column + frame * right
            place = clip[0, frame, y : y + len(glyph), x : x + len(glyph), 0]
            np.maximum(place, glyph, out=place)
    return clip


@pytest.mark.parametrize("shape", [(2, 2, 1), (3, 9, 1), (6, 5, 3)])
def test_residual_equals_a_loop(shape):
    frame, before = noise(2, *shape), noise(2, *shape, seed=1)
    expected = [loop_residual(*pair) for pair in zip(frame, before)]
    np.testing.assert_allclose(motion_compensated_residual(frame, before), expected)


@pytest.mark.parametrize("step", [(0, 0), (4, -4), (-1, 3), (4, 0)])
def test_residual_of_a_moved_glyph_is_zero(step):
    clip = moving(noise(8, 8) | 1, [((10, 10), step)], 2)
    assert motion_compensated_residual(clip[:, 1], clip[:, 0]) == 0


def test_residual_of_a_glyph_that_is_elsewhere_gone_or_damaged_is_large():
    clip = moving(np.full((8, 8), 200, np.uint8), [((2, 2), (5, 5))], 4)
    last = clip[:, 3]
    assert motion_compensated_residual(clip[:, 0], last) == 200**2  # an earlier frame
    assert motion_compensated_residual(np.zeros_like(last), last) < 200**2  # black comes from beside
    damaged = moving(np.full((16, 16), 200, np.uint8), [((8, 8), (0, 0))], 2)
    whole = damaged[:, 0].copy()
    damaged[0, 1, 15:18, 15:18] = 0
    assert motion_compensated_residual(damaged[:, 1], whole) == 200**2


@pytest.mark.parametrize("shape", [(1, 6, 9, 1), (2, 9, 6, 3), (3, 5, 13, 1), (4, 8, 5, 1)])
def test_displacements_and_extrapolation_equal_loops(shape):
    """Noise and a smooth field that moves, of sizes that are no multiples of the block."""
    rng = np.random.default_rng(2)
    frames, height, width, channels = shape
    field = noise(height + 20, width + 20, channels, seed=3)
    steps = [(6 + 2 * frame, 8 - frame) for frame in range(frames)]
    path = np.stack([field[10 + 6 - y :, 10 + 8 - x :][:height, :width] for y, x in steps])
    earlier = np.stack([noise(*shape), np.where(rng.random(shape) < 0.1, 0, path).astype(np.uint8)])
    found = block_displacements(earlier)
    for index, (first_row, first_column) in itertools.product(
        range(2), itertools.product(range(0, height, BLOCK), range(0, width, BLOCK))
    ):
        expected = loop_displacement(earlier[index], first_row, first_column)
        block = found[index, first_row // BLOCK, first_column // BLOCK]
        assert tuple(block) == expected
    following = extrapolated(earlier)
    assert following.dtype == np.uint8
    for index in range(2):
        np.testing.assert_array_equal(following[index], loop_extrapolation(earlier[index, -1], found[index]))


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_glyphs_that_move_differently_are_extrapolated_exactly(frames):
    glyph = noise(6, 6) | 1
    clip = moving(glyph, [((1, 2), (2, 1)), ((22, 22), (-1, -3))], frames + 1, side=40)
    np.testing.assert_array_equal(extrapolated(clip[:, :-1]), clip[:, -1])


def test_overlapping_blocks_keep_the_largest_value(monkeypatch):
    """A bright bar moves left onto half of a dark one at rest; without a margin blocks tell them apart."""
    monkeypatch.setattr(block_matching, "MARGIN", 0)
    clip = np.zeros((1, 3, 24, 24, 1), np.uint8)
    clip[:, :, 4:12, 4:8] = 60
    for frame, column in enumerate((16, 12, 8)):
        clip[:, frame, 4:12, column : column + 2] = 250
    expected = np.zeros((24, 24), np.uint8)
    expected[4:12, 4:8] = [250, 250, 60, 60]
    np.testing.assert_array_equal(extrapolated(clip)[0, :, :, 0], expected)


def test_one_frame_is_extrapolated_as_it_is_and_flat_frames_do_not_move():
    one = noise(2, 1, 7, 9, 3)
    np.testing.assert_array_equal(extrapolated(one), one[:, 0])
    assert not block_displacements(one).any()
    assert not block_displacements(np.zeros((1, 3, 8, 8, 1), np.uint8)).any()


def test_every_sequence_is_scored_by_itself():
    """More sequences than a batch, and none."""
    count = block_matching._BATCH + 3
    clip = noise(count, 3, 6, 5, 1)
    residual, following = motion_compensated_residual(clip[:, 2], clip[:, 1]), extrapolated(clip)
    for index in (0, count - 1):
        alone = clip[index : index + 1]
        assert residual[index] == motion_compensated_residual(alone[:, 2], alone[:, 1])
        np.testing.assert_array_equal(following[index], extrapolated(alone)[0])
    none = clip[:0]
    assert motion_compensated_residual(none[:, 2], none[:, 1]).shape == (0,)
    assert extrapolated(none).shape == (0, 6, 5, 1)
