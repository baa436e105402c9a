"""The box of an event is the window that raised its score: painted maps, and loops over windows."""

import math
from fractions import Fraction

import numpy as np
import pytest

from vpn_anomaly.scoring.scores import SCORES, frame_scores, score_named
from vpn_anomaly.scoring.windows import VARIANCE_FLOOR
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.boxes import Box, anomalous_box

HEIGHT, WIDTH = 20, 25
NAMES = ("nll", "tail", "missing", "intruding", "detail")
# Those of single pixels; windows of a thing's size, and of cells, have tests of their own.
EVENT_SCORES = [
    score.name
    for score in SCORES
    if score.event_kind and score.map in NAMES and f"{score.map}.place" not in score.needs
]


def maps_with(value, counted=None, windows=(3, 5)):
    """Maps that are all `value`, expected to be 0 with small variances."""
    value = np.asarray(value, np.float32)
    zero, one = np.zeros_like(value), np.full_like(value, 0.001)
    counted = np.ones(value.shape, bool) if counted is None else counted
    return Maps(
        dict.fromkeys(NAMES, value),
        {name: zero for name in NAMES if name != "tail"},
        dict.fromkeys(("missing", "intruding"), one),
        counted,
        zero,
        windows,
    )


def painted(*rectangles, strength=1.0):
    """A map that is `strength` in the rectangles (top, left, bottom, right) and 0 elsewhere."""
    map_HxW = np.zeros((HEIGHT, WIDTH))
    for top, left, bottom, right in rectangles:
        map_HxW[top:bottom, left:right] = strength
    return map_HxW


@pytest.mark.parametrize("name", EVENT_SCORES)
@pytest.mark.parametrize("place", [(0, 0), (17, 22), (4, 9), (0, 22)])
def test_the_box_of_a_spot_is_the_spot(name, place):
    top, left = place
    rectangle = (top, left, top + 3, left + 3)
    assert anomalous_box(score_named(name), maps_with(painted(rectangle))) == rectangle


@pytest.mark.parametrize("name", ["mean_nll", "tail_mean", "missing_z", "intruding_z"])
def test_the_box_is_as_large_as_the_window_that_fits(name):
    rectangle = (10, 12, 15, 17)
    assert anomalous_box(score_named(name), maps_with(painted(rectangle))) == rectangle
    larger = anomalous_box(score_named(name), maps_with(painted((2, 2, 12, 14)), windows=(4, 9)))
    assert (larger.bottom - larger.top, larger.right - larger.left) == (9, 9)


@pytest.mark.parametrize("name", EVENT_SCORES)
def test_of_two_things_the_stronger_has_the_box(name):
    value = painted((2, 2, 5, 5)) + painted((10, 20, 13, 23), strength=2)
    assert anomalous_box(score_named(name), maps_with(value)) == (10, 20, 13, 23)


@pytest.mark.parametrize("name", EVENT_SCORES)
def test_pixels_that_do_not_count_are_ignored(name):
    value = painted((2, 2, 5, 5)) + painted((10, 20, 13, 23), strength=1000)
    counted = painted((10, 20, 13, 23)) == 0
    value[~counted] = np.nan
    assert anomalous_box(score_named(name), maps_with(value, counted)) == (2, 2, 5, 5)


@pytest.mark.parametrize("name", EVENT_SCORES)
def test_without_anything_there_is_no_box(name):
    score = score_named(name)
    assert anomalous_box(score, maps_with(painted())) is None
    nothing = np.zeros((HEIGHT, WIDTH), bool)
    assert anomalous_box(score, maps_with(painted((2, 2, 5, 5)), nothing)) is None


def random_maps(seed, shape):
    rng = np.random.default_rng(seed)
    draw = lambda names: {name: rng.gamma(0.3, size=shape).astype(np.float32) for name in names}
    windowed = ("missing", "intruding")
    return Maps(
        draw(("nll", "tail", "detail", *windowed)),
        draw(("nll", "detail", *windowed)),
        draw(windowed),
        rng.random(shape) < 0.7,
        rng.random(shape).astype(np.float32),
        (3, 5),
    )


def windows_by_loop(score, maps):
    """(value, box) of every window: all pixels, one by one, as README says it of each score."""
    height, width = maps.counted.shape
    value = maps.value[score.map].astype(float)
    of_frame = score.name in ("mean_nll", "tail_mean")
    mean = np.full_like(value, value[maps.counted].mean()) if of_frame else maps.mean[score.map]
    for size in (3,) if score.name == "detail_excess" else (3, 5):
        rows, columns = min(size, height), min(size, width)
        for top in range(height - rows + 1):
            for left in range(width - columns + 1):
                excess = spread = count = 0
                for y in range(top, top + rows):
                    for x in range(left, left + columns):
                        if maps.counted[y, x]:
                            count += 1
                            excess += value[y, x] - mean[y, x]
                            spread += 1 if of_frame else maps.variance.get(score.map, value)[y, x]
                if score.name == "detail_excess":
                    yield excess / 3, (top, left, top + rows, left + columns)
                elif count:
                    z = excess / math.sqrt(spread + VARIANCE_FLOOR)
                    yield z, (top, left, top + rows, left + columns)


@pytest.mark.parametrize("name", EVENT_SCORES)
@pytest.mark.parametrize("shape", [(9, 12), (4, 8), (2, 7)])
def test_the_box_is_the_window_that_raised_the_score(name, shape):
    score = score_named(name)
    for seed in range(4):
        maps = random_maps(seed, shape)
        greatest, expected = max(windows_by_loop(score, maps), key=lambda window: window[0])
        box = anomalous_box(score, maps)
        assert box == expected
        assert isinstance(box, Box) and all(type(edge) is int for edge in box)
        if name not in ("mean_nll", "tail_mean"):
            assert frame_scores(maps)[name] == pytest.approx(greatest, rel=1e-4)


@pytest.mark.parametrize("size, new_size", [((20, 25), (20, 25)), ((20, 25), (9, 40)), ((7, 11), (160, 238))])
def test_a_scaled_box_holds_the_box_and_no_whole_pixel_more(size, new_size):
    rng = np.random.default_rng(0)
    for _ in range(50):
        (top, bottom), (left, right) = (sorted(rng.choice(length + 1, 2, replace=False)) for length in size)
        scaled = Box(top, left, bottom, right).scaled(size, new_size)
        for low, high, start, end, length, new in (
            (scaled.top, scaled.bottom, top, bottom, size[0], new_size[0]),
            (scaled.left, scaled.right, left, right, size[1], new_size[1]),
        ):
            exact = [Fraction(int(edge) * new, length) for edge in (start, end)]
            assert 0 <= low <= exact[0] < low + 1 and high - 1 < exact[1] <= high <= new
