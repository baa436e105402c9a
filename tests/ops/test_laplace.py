"""The discretised Laplace distribution against scipy's distribution function."""

import jax
import numpy as np
import pytest
from scipy import stats

from vpn_anomaly.ops.laplace import log_probability, probabilities, probability

VALUES = np.arange(256)
CENTRES = (0.0, 0.3, 0.5, 10.2, 37.5, 128.0, 254.2, 254.5, 255.0)
SCALES = (0.05, 0.3, 1.0, 7.0, 60.0)


def expected(centre, scale):
    """P(v) of all values: where both ends lie above the centre, from the upper tail, which keeps its digits."""
    distribution = stats.laplace(centre, scale)
    low, high = (
        np.where(VALUES == edge, end, VALUES + half)
        for edge, end, half in ((0, -np.inf, -0.5), (255, np.inf, 0.5))
    )
    below = distribution.cdf(high) - distribution.cdf(low)
    return np.where(low > centre, distribution.sf(low) - distribution.sf(high), below)


@pytest.mark.parametrize("scale", SCALES)
def test_every_form_is_the_mass_of_the_interval(scale):
    for centre in CENTRES:
        want = expected(centre, scale)
        assert want.sum() == pytest.approx(1)
        np.testing.assert_allclose(probability(VALUES, centre, scale), want, rtol=1e-4, atol=1e-7)
        of_all = probabilities(np.full((1, 1), centre, "f"), np.full(1, scale, "f"))[0, :, 0]
        np.testing.assert_allclose(of_all, want, rtol=1e-4, atol=1e-7)
        seen = want > 1e-300
        log = np.asarray(log_probability(VALUES, centre, scale))
        np.testing.assert_allclose(log[seen], np.log(want[seen]), rtol=1e-4, atol=1e-5)
        assert np.isfinite(log).all()


def test_gradients_are_differences_and_finite_everywhere():
    log = lambda centre, scale: log_probability(VALUES, centre, scale)
    gradient = jax.jit(jax.jacfwd(log, (0, 1)))
    for centre in CENTRES:
        for scale in SCALES:
            assert all(np.isfinite(part).all() for part in gradient(centre, scale))
    plain = lambda centre, scale: np.log(expected(centre, scale)[30:45])
    step = 1e-5
    by_centre, by_scale = (np.asarray(part)[30:45] for part in gradient(37.2, 1.5))
    difference = lambda *steps: (
        (plain(37.2 + steps[0], 1.5 + steps[1]) - plain(37.2 - steps[0], 1.5 - steps[1])) / 2e-5
    )
    np.testing.assert_allclose(by_centre, difference(step, 0), rtol=1e-4)
    np.testing.assert_allclose(by_scale, difference(0, step), rtol=1e-4)
