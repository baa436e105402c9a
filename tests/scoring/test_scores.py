"""Frame scores against plain numpy loops over pixels and windows."""

import math

import jax
import numpy as np
import pytest

from tests.score_columns import DISTRIBUTION_SCORES
from vpn_anomaly.scoring import scores
from vpn_anomaly.scoring.windows import VARIANCE_FLOOR
from vpn_anomaly.systems.system import Maps

frame_scores = jax.jit(scores.frame_scores)


def random_maps(shape, seed=0):
    rng = np.random.default_rng(seed)

    def draw(names):
        return {name: rng.exponential(size=shape).astype(np.float32) for name in names}

    windowed = ("missing", "intruding")
    return Maps(
        value=draw(("nll", "tail") + windowed),
        mean=draw(("nll",) + windowed),
        variance=draw(windowed),
        counted=rng.random(shape) < 0.7,
        intensity=rng.choice(np.array([0, 10, 21], np.float32) / 255, shape, p=[0.8, 0.1, 0.1]),
    )


def largest_z_by_loop(value, mean, variance, counted, sizes):
    """One frame (H, W): every window, every pixel."""
    height, width = value.shape
    best = -math.inf
    for size in sizes:
        rows, columns = min(size, height), min(size, width)
        for top in range(height - rows + 1):
            for left in range(width - columns + 1):
                excess, spread, count = 0.0, 0.0, 0
                for y in range(top, top + rows):
                    for x in range(left, left + columns):
                        if counted[y, x]:
                            excess += float(value[y, x]) - float(mean[y, x])
                            spread += float(variance[y, x])
                            count += 1
                if count:
                    best = max(best, excess / math.sqrt(spread + VARIANCE_FLOOR))
    return best


def means_by_loop(map_xHxW, counted):
    frames = map_xHxW.reshape((-1,) + map_xHxW.shape[-2:])
    masks = counted.reshape(frames.shape)
    means = [frame[mask].astype(np.float64).mean() for frame, mask in zip(frames, masks)]
    return np.reshape(means, map_xHxW.shape[:-2])


def test_means_are_over_counted_pixels():
    maps = random_maps((3, 2, 9, 11))
    result = frame_scores(maps)
    nll, entropy, tail = maps.value["nll"], maps.mean["nll"], maps.value["tail"]
    np.testing.assert_allclose(result["mean_nll"], means_by_loop(nll, maps.counted), rtol=1e-5)
    np.testing.assert_allclose(
        result["excess_nll"], means_by_loop(nll - entropy, maps.counted), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(result["tail_mean"], means_by_loop(tail, maps.counted), rtol=1e-5)


@pytest.mark.parametrize("height, width", [(9, 11), (4, 7), (2, 3)])
@pytest.mark.parametrize("name", ["missing", "intruding"])
def test_window_scores_equal_a_loop(height, width, name):
    maps = random_maps((2, 2, height, width), seed=height)
    result = np.asarray(frame_scores(maps)[f"{name}_z"])
    for index in np.ndindex(2, 2):
        expected = largest_z_by_loop(
            maps.value[name][index],
            maps.mean[name][index],
            maps.variance[name][index],
            maps.counted[index],
            (3, 5),
        )
        assert result[index] == pytest.approx(expected, rel=1e-4)


def erased_z_by_loop(maps, index):
    """One frame: 3×3 windows whose counted pixels differ by at most 10 of 255, and the floor 0.1."""
    value, mean, variance, counted, intensity = (
        np.asarray(array)[index]
        for array in (
            *(of["missing"] for of in (maps.value, maps.mean, maps.variance)),
            maps.counted,
            np.rint(maps.intensity * 255),
        )
    )
    height, width = value.shape
    best = 0.0
    for top in range(max(height - 2, 1)):
        for left in range(max(width - 2, 1)):
            place = slice(top, top + 3), slice(left, left + 3)
            counts = counted[place]
            if counts.any() and np.ptp(intensity[place][counts]) <= 10:
                excess = (value[place] - mean[place])[counts].sum()
                best = max(best, excess / math.sqrt(variance[place][counts].sum() + 0.1))
    return best


@pytest.mark.parametrize("height, width", [(9, 11), (4, 7), (2, 3)])
def test_erased_looks_at_flat_windows_alone(height, width):
    maps = random_maps((3, 2, height, width), seed=height)
    result = np.asarray(frame_scores(maps)["erased_z"])
    expected = [erased_z_by_loop(maps, index) for index in np.ndindex(3, 2)]
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-4)
    assert len(set(expected)) > 1


def test_nothing_is_erased_without_flat_windows():
    maps = random_maps((2, 1, 8, 8))
    chequered = np.indices((8, 8)).sum(0) % 2 * np.ones((2, 1, 1, 1), np.float32)
    everywhere = maps.replace(intensity=chequered, counted=np.ones_like(maps.counted))
    np.testing.assert_array_equal(frame_scores(everywhere)["erased_z"], 0)
    nowhere = maps.replace(counted=np.zeros_like(maps.counted))
    assert np.isnan(frame_scores(nowhere)["erased_z"]).all()


def test_pixels_that_do_not_count_change_nothing():
    maps = random_maps((2, 1, 10, 10))
    poisoned = jax.tree.map(lambda array: np.where(maps.counted, array, np.nan), maps)
    poisoned = poisoned.replace(counted=maps.counted)
    for name, expected in frame_scores(maps).items():
        np.testing.assert_array_equal(frame_scores(poisoned)[name], expected)


def test_scores_without_their_maps_have_no_key():
    maps = random_maps((1, 1, 6, 6))
    only_nll = maps.replace(value={"nll": maps.value["nll"]}, mean={}, variance={})
    assert list(frame_scores(only_nll)) == ["mean_nll"]
    assert set(frame_scores(maps)) == set(DISTRIBUTION_SCORES)


def test_uncompiled_scores_are_the_same():
    maps = random_maps((2, 1, 6, 7))
    compiled = frame_scores(maps)
    for name, expected in scores.frame_scores(maps).items():
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-5, atol=1e-6)


def test_the_frame_error_is_the_mean_of_counted_pixels():
    maps = random_maps((2, 5, 4))
    error = np.random.default_rng(1).random((2, 5, 4)).astype(np.float32)
    only = Maps({"error": error}, {}, {}, maps.counted, maps.intensity)
    expected = [frame[counted].mean() for frame, counted in zip(error, maps.counted)]
    got = frame_scores(only)
    assert set(got) == {"frame_error"}
    np.testing.assert_allclose(got["frame_error"], expected, rtol=1e-5)


def test_windows_are_as_large_as_the_maps_say():
    maps = random_maps((9, 12)).replace(windows=(4, 7))
    fields = [part["missing"] for part in (maps.value, maps.mean, maps.variance)]
    expected = largest_z_by_loop(*fields, maps.counted, (4, 7))
    np.testing.assert_allclose(frame_scores(maps)["missing_z"], expected, rtol=1e-5)


def test_detail_is_the_greatest_excess_of_three_by_three_pixels():
    maps = random_maps((7, 9))
    detail, entropy = np.random.default_rng(2).random((2, 7, 9)).astype(np.float32)
    maps = Maps({"detail": detail}, {"detail": entropy}, {}, maps.counted, maps.intensity)
    excess = np.where(maps.counted, detail - entropy, 0)
    sums = [excess[top : top + 3, left : left + 3].sum() for top in range(5) for left in range(7)]
    got = frame_scores(maps)
    assert set(got) == {"detail_excess"}
    np.testing.assert_allclose(got["detail_excess"], max(sums) / 3, rtol=1e-5)
    nothing = maps.replace(counted=np.zeros((7, 9), bool))
    assert np.isnan(frame_scores(nothing)["detail_excess"])


def test_ways_of_being_unusual_score_the_greatest_value_and_box_the_greatest_window():
    maps = random_maps((2, 7, 9))
    speed = np.random.default_rng(3).random((2, 7, 9)).astype(np.float32)
    maps = Maps({"speed": speed}, {}, {}, maps.counted, maps.intensity, windows=(4,))
    got = frame_scores(maps)
    assert set(got) == {"speed"}
    windows = scores.score_named("speed").windows(maps)
    assert set(windows) == {4}
    for number in range(2):
        values = np.where(maps.counted[number], speed[number], 0).astype(np.float64)
        assert got["speed"][number] == pytest.approx(values.max())
        for top, left in np.ndindex(4, 6):
            expected = values[top : top + 4, left : left + 4].mean()
            assert windows[4][number, top, left] == pytest.approx(expected, rel=1e-5)
    nothing = maps.replace(counted=np.zeros((2, 7, 9), bool))
    assert np.isnan(frame_scores(nothing)["speed"]).all()


def test_joint_scores_are_means_over_all_pixels():
    maps = random_maps((3, 1, 6, 7))
    joint = {
        name: np.random.default_rng(2).random((3, 1, 6, 7), np.float32)
        for name in ("joint", "surprise_of_shown")
    }
    none_counted = maps.counted & (np.arange(3) < 2)[:, None, None, None]
    got = frame_scores(maps.replace(value=maps.value | joint, counted=none_counted))
    assert tuple(scores.in_order(got))[-2:] == ("joint_nll", "surprise_of_shown")
    for name, value in (("joint_nll", joint["joint"]), ("surprise_of_shown", joint["surprise_of_shown"])):
        expected = [[sum(frame[0].ravel().tolist()) / 42] for frame in value[:2]]
        np.testing.assert_allclose(got[name], [*expected, [math.nan]], rtol=1e-5)
