"""Layers of motion against the renderer: known glyphs at known places."""

import functools

import jax
import numpy as np
import pytest

from vpn_anomaly.data.moving_mnist import overlay
from vpn_anomaly.ops.motion_layers import (
    Matching,
    best_displacement,
    either_layer,
    layer_costs,
    moved_by_cell,
    next_step,
)

SIDE, CELL = 64, 4
MATCHING = Matching(radius=4, cell=CELL, window=13, tolerance=0.02)
STEPS = np.array([[3, 1], [-2, 4]])  # of two glyphs, constant


@functools.cache
def scene():
    """Two random glyphs that cross: frames (T, H, W) in 0..1, each alone (2, T, H, W), their corners (T, 2, 2)."""
    random = np.random.default_rng(0)
    glyphs = random.integers(1, 256, (1, 2, 28, 28, 1)).astype(np.uint8) * (
        random.uniform(size=(1, 2, 28, 28, 1)) < 0.6
    )
    corner = np.array([[12, 14], [22, 2]]) + np.arange(5)[:, None, None] * STEPS
    draw = lambda digits: (
        overlay(glyphs[:, digits], corner[None, :, digits], SIDE, SIDE)[0, ..., 0] / np.float32(255)
    )
    return draw([0, 1]), np.stack([draw([0]), draw([1])]), corner


def as_batch(frame):
    return frame[None, None]


@functools.partial(jax.jit, static_argnames=("layers",))
def costs_of(target, source, limit, layers=2):
    return layer_costs(target, source, limit, layers, MATCHING)


def in_glyph(number):
    """The cells of the last frame that one glyph fills, bool (h, w)."""
    _, alone, _ = scene()
    ink = alone[number, -1] > 0
    return ink.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3)) > 0.4


@pytest.mark.parametrize("shown", [1.0, 0.1])
def test_layers_find_both_motions_where_things_overlap(shown):
    frames, _, _ = scene()
    limit = (np.random.default_rng(1).uniform(size=(1, SIDE, SIDE)) < shown).astype(np.float32)
    target = as_batch(frames[-1]) * limit
    found = [np.asarray(best_displacement(cost))[0] for cost in costs_of(target, as_batch(frames[-2]), limit)]
    for number, step in enumerate(STEPS):
        among = np.any([(layer == step).all(-1) for layer in found], axis=0)
        assert among[in_glyph(number)].mean() > 0.98


def test_one_layer_is_plain_matching_of_limited_differences():
    frames, _, _ = scene()
    limit = np.random.default_rng(2).uniform(size=(1, SIDE, SIDE)).astype(np.float32)
    target, source = frames[-1], frames[-2]
    cost = np.asarray(costs_of(as_batch(target), as_batch(source), limit, layers=1)[0])[0]
    padded = np.pad(source, 4)
    for row, column, (dy, dx) in ((0, 0, (0, 0)), (7, 9, (3, -2)), (15, 4, (-4, 4))):
        moved = padded[4 - dy : 4 - dy + SIDE, 4 - dx : 4 - dx + SIDE]
        wrong = np.minimum(((target - moved) / MATCHING.tolerance) ** 2, limit[0])
        rows, columns = (slice(max(0, CELL * (place - 6)), CELL * (place + 7)) for place in (row, column))
        assert cost[row, column, (dy + 4) * 9 + dx + 4] == pytest.approx(wrong[rows, columns].sum(), rel=1e-4)


def by_true_tracks(depth):
    """The last frame as the maximum of both glyphs' least values over the frames before it, (H, W)."""
    frames, _, corner = scene()
    layers = []
    for number in range(2):
        back = [
            np.broadcast_to(corner[-1, number] - corner[-1 - n, number], (1, 16, 16, 2))
            for n in range(1, depth + 1)
        ]
        moved = [moved_by_cell(as_batch(frames[-2 - n]), step)[0, 0] for n, step in enumerate(back)]
        layers.append(np.min(moved, axis=0))
    return np.max(layers, axis=0)


def test_least_along_true_tracks_composed_by_maximum_is_the_renderer():
    """At every pixel where each glyph was once uncovered; never darker."""
    frames, alone, corner = scene()
    uncovered = np.ones((SIDE, SIDE), bool)
    for number in range(2):
        steps = [corner[-1, number] - corner[-1 - n, number] for n in range(1, 5)]
        over = [np.roll(alone[1 - number, -1 - n], step, (0, 1)) for n, step in enumerate(steps, start=1)]
        uncovered &= np.min(over, axis=0) <= alone[number, -1]
    made = by_true_tracks(4)
    np.testing.assert_array_equal(made[uncovered], frames[-1][uncovered])
    assert (made >= frames[-1]).all() and uncovered.mean() > 0.9
    assert (by_true_tracks(1) != frames[-1]).mean() > 2 * (made != frames[-1]).mean()


def test_steps_are_found_where_the_thing_was():
    frames, _, corner = scene()
    limit = np.ones((1, SIDE, SIDE), np.float32)
    before = either_layer(costs_of(as_batch(frames[-2]), as_batch(frames[-3]), limit))
    for number, step in enumerate(STEPS):
        from_last = np.broadcast_to(step, (1, 16, 16, 2))
        found = np.asarray(jax.jit(functools.partial(next_step, cell=CELL))(-from_last, from_last, before))[0]
        assert (found == step).all(-1)[in_glyph(number)].mean() > 0.98


def test_a_step_that_continues_is_preferred_but_not_forced():
    costs = np.full((1, 2, 2, 9), 5.0, np.float32)
    costs[..., 4] = 0.0  # standing still
    step = np.full((1, 2, 2, 2), 1)
    position = np.zeros((1, 2, 2, 2), int)
    assert (np.asarray(next_step(position, step, costs, CELL)) == 0).all()
    costs[..., 4], costs[..., 0] = 5.0, 0.0  # up and left by one
    assert (np.asarray(next_step(position, step, costs, CELL)) != -1).all()
    assert (np.asarray(next_step(position, step, 3 * costs, CELL)) == -1).all()


def test_a_frame_is_moved_by_each_cells_displacement():
    random = np.random.default_rng(3)
    frame = random.uniform(size=(2, 3, 16, 24)).astype(np.float32)
    displacement = random.integers(-30, 31, (2, 4, 6, 2))
    moved = np.asarray(jax.jit(moved_by_cell)(frame, displacement))
    for sample, row, column in random.integers(0, (2, 16, 24), (200, 3)):
        dy, dx = displacement[sample, row // 4, column // 4]
        y, x = row - dy, column - dx
        inside = 0 <= y < 16 and 0 <= x < 24
        want = frame[sample, :, y, x] if inside else np.zeros(3)
        np.testing.assert_array_equal(moved[sample, :, row, column], want)
