"""Windows inside a frame, by hand."""

import math

import jax
import numpy as np
import pytest

from vpn_anomaly.scoring import windows


@jax.jit
def largest_window_z(value, mean, variance, counted):
    return windows.largest_z(windows.windows_z(value, mean, variance, counted))


def test_a_dark_patch_is_found_by_the_window_of_its_size():
    value = np.zeros((20, 20), np.float32)
    value[8:13, 5:10] = 4.0
    mean, variance = np.ones_like(value), np.ones_like(value)
    counted = np.ones_like(value, bool)
    z = largest_window_z(value, mean, variance, counted)
    assert float(z) == pytest.approx(25 * 3 / math.sqrt(25 + windows.VARIANCE_FLOOR), rel=1e-6)


def test_windows_without_counted_pixels_are_left_out():
    value, mean = np.zeros((8, 8), np.float32), np.ones((8, 8), np.float32)
    counted = np.zeros((8, 8), bool)
    counted[0, 0] = True
    z = largest_window_z(value, mean, mean, counted)
    assert float(z) == pytest.approx(-1 / math.sqrt(1 + windows.VARIANCE_FLOOR))
    assert np.isnan(largest_window_z(value, mean, mean, np.zeros((8, 8), bool)))
