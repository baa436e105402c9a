"""Intervals against the table of Garwood and scipy's chi-square quantiles."""

import pytest
from scipy import stats

from vpn_anomaly.scoring.poisson import poisson_interval


@pytest.mark.parametrize(
    "count, low, high", [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.39)]
)
def test_intervals_are_those_of_the_table(count, low, high):
    assert poisson_interval(count, 0.95) == pytest.approx((low, high), abs=0.002)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 63, 1000, 20_000])
def test_intervals_are_chi_square_quantiles(count, confidence):
    side = (1 - confidence) / 2
    low = stats.chi2.ppf(side, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(1 - side, 2 * count + 2) / 2
    assert poisson_interval(count, confidence) == pytest.approx((low, high), rel=1e-8)
