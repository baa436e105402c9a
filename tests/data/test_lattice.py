"""Grid masks against a loop over pixels, for numpy and for JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.data.lattice import fixed_shifts, random_shifts, shown
from vpn_anomaly.errors import UserError


@pytest.mark.parametrize("period", [(4, 5), (2, 5), (10, 10), (1, 1)])
@pytest.mark.parametrize("size", [(64, 64), (31, 17)])
def test_shown_pixels_equal_a_loop(period, size):
    shifts = np.array([[0, 0], [period[0] - 1, period[1] - 1], [period[0] // 2, 0]])
    expected = np.zeros((3, *size), bool)
    for number, (dy, dx) in enumerate(shifts):
        for row in range(dy, size[0], period[0]):
            for column in range(dx, size[1], period[1]):
                expected[number, row, column] = True
    np.testing.assert_array_equal(shown(*size, shifts, period), expected)
    traced = jax.jit(lambda shift: shown(*size, shift, period))(jnp.asarray(shifts))
    assert isinstance(traced, jax.Array)
    np.testing.assert_array_equal(traced, expected)


def test_the_papers_lattice_shows_five_percent():
    shift = random_shifts(0, "train", range(40), 20, (4, 5))
    mask = shown(60, 60, shift, (4, 5))
    assert mask.shape == (40, 20, 60, 60)
    np.testing.assert_array_equal(mask.mean(axis=(2, 3)), 0.05)
    assert abs(shown(64, 64, shift, (4, 5)).mean() - 0.05) < 0.001


def test_random_shifts_are_uniform_and_belong_to_their_sequence():
    shift = random_shifts(0, "train", range(500), 20, (4, 5))
    assert shift.dtype == np.int32 and shift.shape == (500, 20, 2)
    counts = np.bincount((shift[..., 0] * 5 + shift[..., 1]).ravel(), minlength=20)
    assert counts.size == 20 and np.abs(counts - 500).max() < 100
    np.testing.assert_array_equal(random_shifts(0, "train", [77], 20, (4, 5))[0], shift[77])


@pytest.mark.parametrize("period", [(4, 5), (2, 5), (10, 10), (1, 3)])
def test_all_fixed_shifts_are_every_shift_once(period):
    count = period[0] * period[1]
    shifts = fixed_shifts(count, period)
    assert shifts.shape == (count, 2) and shifts.dtype == np.int32
    expected = {(row, column) for row in range(period[0]) for column in range(period[1])}
    assert {tuple(shift) for shift in shifts.tolist()} == expected
    np.testing.assert_array_equal(fixed_shifts(1, period), shifts[:1])


def test_the_first_fixed_shifts_are_far_apart():
    """Four of a 4×5 lattice: no two lie within 2 pixels of each other, wrapped around."""
    shifts = fixed_shifts(4, (4, 5))
    for number, first in enumerate(shifts):
        for second in shifts[:number]:
            distances = [np.hypot(*(first - second + (dy, dx))) for dy in (-4, 0, 4) for dx in (-5, 0, 5)]
            assert min(distances) >= 2


@pytest.mark.parametrize("count", [0, 21])
def test_more_shifts_than_the_lattice_has_are_refused(count):
    with pytest.raises(UserError, match="4x5 has 1 to 20"):
        fixed_shifts(count, (4, 5))
