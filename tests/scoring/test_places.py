"""Windows against the same place in normal footage, compared with loops over windows and frames."""

import jax
import numpy as np
import pytest

from vpn_anomaly.scoring.places import (
    SPREAD_FLOOR,
    PlaceStatistics,
    place_shape,
    place_windows,
    thing_side,
    window_means,
    window_starts,
)
from vpn_anomaly.scoring.scores import frame_scores, score_named
from vpn_anomaly.systems.system import Maps, Places
from vpn_anomaly.watching.boxes import anomalous_box

HEIGHT, WIDTH = 60, 90
SIDE, STARTS = 7, (range(0, 54), range(0, 84))  # every pixel: a quarter of the side is 1 pixel
means = jax.jit(window_means)


def maps_of(nll_HxW, counted_HxW=None, places=None):
    counted_HxW = np.ones(nll_HxW.shape, bool) if counted_HxW is None else counted_HxW
    flat = np.zeros(nll_HxW.shape, np.float32)
    return Maps({"nll": nll_HxW.astype(np.float32)}, {}, {}, counted_HxW, flat, places=places or {})


@pytest.fixture(scope="module")
def footage():
    """Maps of 40 frames; one place is restless."""
    nll = np.random.default_rng(0).gamma(2, 1, (40, HEIGHT, WIDTH))
    nll[:, 10:20, 30:40] *= np.random.default_rng(1).gamma(1, 5, (40, 1, 1))
    return nll


@pytest.fixture(scope="module")
def normal(footage):
    statistics = PlaceStatistics()
    for nll in footage:
        statistics.add(maps_of(nll))
    return statistics.places()


@pytest.mark.parametrize(
    "size, side",
    [((240, 360), 28), ((158, 238), 18), ((120, 180), 14), ((16, 16), 2), ((4, 200), 3), ((1, 1), 1)],
)
def test_windows_have_a_things_size_and_reach_the_borders(size, side):
    assert thing_side(*size) == side
    for length, count in zip(size, place_shape(*size)):
        starts = window_starts(length, side)
        assert len(starts) == count and starts[0] == 0 and starts[-1] == length - side
        assert (np.diff(starts) > 0).all() and np.diff(starts).max(initial=0) <= max(1, side // 4)


def test_means_are_those_of_a_loop_over_windows():
    rng = np.random.default_rng(2)
    nll, counted = rng.normal(size=(HEIGHT, WIDTH)), rng.random((HEIGHT, WIDTH)) < 0.8
    counted[20:45, 50:] = False
    found = means(nll.astype(np.float32), counted)
    assert found.shape == (len(STARTS[0]), len(STARTS[1])) == place_shape(HEIGHT, WIDTH)
    for row, top in enumerate(STARTS[0]):
        for column, left in enumerate(STARTS[1]):
            window = np.s_[top : top + SIDE, left : left + SIDE]
            count = counted[window].sum()
            expected = nll[window][counted[window]].mean() if count >= SIDE**2 / 2 else np.nan
            np.testing.assert_allclose(found[row, column], expected, atol=1e-5)


def test_places_have_the_mean_and_spread_of_their_windows(footage, normal):
    mean_TxPxQ = np.stack([means(nll.astype(np.float32), np.ones((HEIGHT, WIDTH), bool)) for nll in footage])
    spread_PxQ = mean_TxPxQ.std(0, dtype=np.float64)
    np.testing.assert_allclose(normal["nll"].mean, mean_TxPxQ.mean(0), rtol=1e-4)
    floor = SPREAD_FLOOR * np.median(spread_PxQ)
    np.testing.assert_allclose(normal["nll"].spread, np.sqrt(spread_PxQ**2 + floor**2), rtol=1e-3)


def test_a_restless_place_has_to_be_more_so_than_it_is(footage, normal):
    odd = footage[0].copy()
    odd[10:20, 30:40] = footage[:, 10:20, 30:40].mean(0)  # as restless as ever
    score = lambda nll: float(frame_scores(maps_of(nll, places=normal))["place_z"])
    usual = max(score(nll) for nll in footage[1:5])
    assert score(odd) < usual
    odd[40:47, 60:67] += 3  # less than the restless place shows, but never here
    assert odd[40:47, 60:67].mean() < odd[10:20, 30:40].mean() and score(odd) > 2 * usual
    box = anomalous_box(score_named("place_z"), maps_of(odd, places=normal))
    np.testing.assert_allclose((box.top, box.left, box.bottom, box.right), (40, 60, 47, 67), atol=1)


def test_windows_outside_the_zones_have_no_value(footage, normal):
    zone = np.zeros((HEIGHT, WIDTH), bool)
    zone[:, :10] = True
    windows = place_windows(maps_of(footage[0], zone, normal), "nll")[SIDE]
    assert windows.shape == (54, 84)
    assert np.isfinite(windows[:, :7]).all() and np.isneginf(windows[:, 7:]).all()
    nowhere = frame_scores(maps_of(footage[0], np.zeros_like(zone), normal))["place_z"]
    assert np.isnan(nowhere)
    statistics = PlaceStatistics()
    statistics.add(maps_of(footage[0], zone))
    place = statistics.places()["nll"]
    assert np.isfinite(place.mean).all() and (place.spread > 0).all()  # a stored calibration holds numbers


def test_where_windows_begin_farther_apart_they_are_boxed_too():
    nll = np.zeros((120, 180))
    shape = place_shape(120, 180)
    places = {"nll": Places(np.zeros(shape, np.float32), np.ones(shape, np.float32))}
    nll[106:, 166:] = 1  # in the corner
    windows = place_windows(maps_of(nll, places=places), "nll")[14]
    assert np.isfinite(windows).sum() == np.prod(shape) < windows.size
    box = anomalous_box(score_named("place_z"), maps_of(nll, places=places))
    assert (box.top, box.left, box.bottom, box.right) == (106, 166, 120, 180)
