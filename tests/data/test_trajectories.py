"""Positions against loops that move one digit one frame at a time."""

import math

import numpy as np
import pytest

from vpn_anomaly.data import trajectories
from vpn_anomaly.data.random_bits import random_bits

SIZES = {"frames": 40, "digit_count": 3, "height": 64, "width": 80}
INDEX = range(30)


def start_and_velocity(index, digit, speed):
    bits = random_bits(4, "train", [index], "motion", 12)[0][4 * digit : 4 * digit + 4]
    y, x, turn, fraction = (int(word) / 2**32 for word in bits)
    step = speed[0] + (speed[1] - speed[0]) * fraction
    return y, x, step * math.sin(2 * math.pi * turn), step * math.cos(2 * math.pi * turn)


def original_axis(place, velocity, frames):
    """One coordinate by the public generator's rule: step, bounce, record."""
    recorded = []
    for _ in range(frames):
        place += velocity
        if place <= 0:
            place, velocity = 0.0, -velocity
        elif place >= 1:
            place, velocity = 1.0, -velocity
        recorded.append(place)
    return recorded


def reflected_axis(place, velocity, frames):
    """One coordinate in a mirror box: record, step, turn back what went past the wall."""
    recorded = []
    for _ in range(frames):
        recorded.append(place)
        place += velocity
        while not 0 <= place <= 1:
            place = -place if place < 0 else 2 - place
            velocity = -velocity
    return recorded


@pytest.mark.parametrize("speed", [(0.1, 0.1), (0.02, 0.3)])
@pytest.mark.parametrize("rule, move", [("original", original_axis), ("reflect", reflected_axis)])
def test_positions_equal_a_loop(rule, move, speed):
    given = trajectories.positions(4, "train", INDEX, rule=rule, speed=speed, **SIZES)
    expected = np.empty_like(given)
    for index in INDEX:
        for digit in range(SIZES["digit_count"]):
            y, x, velocity_y, velocity_x = start_and_velocity(index, digit, speed)
            rows, columns = move(y, velocity_y, 40), move(x, velocity_x, 40)
            expected[index, :, digit, 0] = [math.floor(36 * place) for place in rows]
            expected[index, :, digit, 1] = [math.floor(52 * place) for place in columns]
    np.testing.assert_array_equal(given, expected)
    assert given.min() == 0 and given[..., 0].max() <= 36 and given[..., 1].max() <= 52


def test_a_sequence_does_not_depend_on_its_neighbours():
    motion = SIZES | {"rule": "original", "speed": (0, 0.2)}
    together = trajectories.positions(0, "test", range(50), **motion)
    alone = trajectories.positions(0, "test", [37], **motion)
    np.testing.assert_array_equal(alone[0], together[37])


def test_reflected_frames_do_not_depend_on_the_length():
    long = trajectories.positions(0, "test", range(9), rule="reflect", speed=(0.1, 0.2), **SIZES)
    short = trajectories.positions(
        0, "test", range(9), rule="reflect", speed=(0.1, 0.2), **(SIZES | {"frames": 5})
    )
    np.testing.assert_array_equal(short, long[:, :5])


def test_digit_choices_are_uniform():
    choice = trajectories.digit_choices(0, "train", range(3000), 2, 6)
    counts = np.bincount(choice.ravel(), minlength=6)
    assert choice.shape == (3000, 2) and np.abs(counts - 1000).max() < 120


def test_the_largest_channel_of_every_tint_is_full():
    tint = trajectories.tints(0, "train", range(3000), 2)
    assert tint.shape == (3000, 2, 3) and tint.dtype == np.uint8
    np.testing.assert_array_equal(tint.max(axis=-1), 255)
    full = np.bincount(np.argmax(tint, axis=-1).ravel(), minlength=3)
    assert np.abs(full - 2000).max() < 200
    assert np.unique(tint).size == 256


def turned(rule, index, digit, frames=40):
    """One digit of SIZES by `turning` or `wandering`, a step at a time: its points in the unit square."""
    y, x, *_ = start_and_velocity(index, digit, (0, 0))
    angle = math.tau * int(random_bits(4, "train", [index], "motion", 12)[0][4 * digit + 2]) / 2**32
    each = 1 if rule == "turning" else 2
    words = random_bits(4, "train", [index], "turns", frames * 3 * each)[0].reshape(frames, 3, each)[:, digit]
    points = []
    for step in range(frames):
        numbers = [int(word) / 2**32 for word in words[step]]
        if rule == "wandering":
            normal = math.sqrt(-2 * math.log(1 - numbers[0])) * math.cos(math.tau * numbers[1])
            angle += math.radians(20) * normal
        y, x = y + 0.1 * math.sin(angle), x + 0.1 * math.cos(angle)
        walls = [normal for hit, normal in ((y <= 0, 90), (y >= 1, -90), (x <= 0, 0), (x >= 1, 180)) if hit]
        y, x = min(max(y, 0), 1), min(max(x, 0), 1)
        if rule == "turning" and walls:
            # Directions within 90° of the normals of all walls that are hit.
            low, high = max(walls) - 90, min(walls) + 90
            if set(walls) == {-90, 180}:
                low, high = 180, 270
            angle = math.radians(low + (high - low) * numbers[0])
        elif walls:
            angle = -angle if y in (0, 1) else angle
            angle = math.pi - angle if x in (0, 1) else angle
        points.append((y, x))
    return points


@pytest.mark.parametrize("rule", ["turning", "wandering"])
def test_turns_equal_a_loop(rule):
    given = trajectories.positions(4, "train", INDEX, rule=rule, speed=(0.1, 0.1), **SIZES)
    expected = [
        [[[math.floor(36 * y), math.floor(52 * x)] for y, x in turned(rule, n, digit)] for digit in range(3)]
        for n in INDEX
    ]
    np.testing.assert_array_equal(given, np.swapaxes(expected, 1, 2))
    moved = np.abs(np.diff(given, axis=1))
    assert moved.max() <= 6 and (moved.max((1, 2, 3)) > 0).all()


@pytest.mark.parametrize(
    "rule, step, low, high",
    [("original", -1, 0, 0), ("turning", -2, 0.2, 0.3), ("wandering", -1, 0.95, 1.0)],
)
def test_how_many_last_frames_no_past_foretells(monkeypatch, rule, step, low, high):
    """Those that differ if the draw that decides the last turn is another; all frames before stay."""
    sizes = {"frames": 20, "digit_count": 2, "height": 64, "width": 64}
    draw = lambda: trajectories.positions(0, "test", range(1000), rule=rule, speed=(0.1, 0.1), **sizes)

    def other_bits(seed, split, index, stream, count):
        bits = random_bits(seed, split, index, stream, count)
        if stream == "turns":
            bits.reshape(1000, 20, -1)[:, step] ^= np.uint32(2**31)
        return bits

    given = draw()
    monkeypatch.setattr(trajectories, "random_bits", other_bits)
    others = draw()
    np.testing.assert_array_equal(given[:, :-1], others[:, :-1])
    assert low <= (given[:, -1] != others[:, -1]).any((1, 2)).mean() <= high


@pytest.mark.parametrize("rule", ["original", "turning", "wandering"])
def test_first_steps_do_not_depend_on_how_many_follow(rule):
    long = trajectories.positions(0, "test", range(9), rule=rule, speed=(0.1, 0.2), **SIZES)
    short = trajectories.positions(
        0, "test", range(9), rule=rule, speed=(0.1, 0.2), **(SIZES | {"frames": 5})
    )
    np.testing.assert_array_equal(short, long[:, :5])
