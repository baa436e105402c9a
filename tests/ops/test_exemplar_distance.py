"""Distances to the nearest exemplar against scipy's."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from vpn_anomaly.ops.exemplar_distance import FAR, ROWS, nearest_distance


@pytest.mark.parametrize("count", [1, ROWS, 2 * ROWS + 3])
def test_distances_are_to_the_nearest_that_is_used(count):
    rng = np.random.default_rng(count)
    value, exemplar = (rng.normal(5, 3, (size, 4)).astype(np.float32) for size in (count, 50))
    used = rng.random(50) < 0.5
    found = jax.jit(nearest_distance)(value, exemplar, used)
    expected = cdist(value, exemplar[used]).min(1)
    assert found.shape == (count,)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert (cdist(value, exemplar).min(1) < expected).any() or count == 1


def test_an_exemplar_is_at_no_distance_from_itself():
    exemplar = np.random.default_rng(0).normal(100, 1, (9, 3)).astype(np.float32)
    found = nearest_distance(exemplar, exemplar, np.ones(9, bool))
    np.testing.assert_allclose(found, 0, atol=0.1)
    assert (np.asarray(found) >= 0).all()


def test_without_any_that_is_used_all_is_far():
    value = np.ones((3, 2), np.float32)
    np.testing.assert_allclose(nearest_distance(value, value, np.zeros(3, bool)), FAR**0.5, rtol=1e-3)
