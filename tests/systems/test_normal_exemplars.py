"""What is learnt of normal footage, against slow references: background, exemplars, distances between clips."""

import math

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tests.systems.normal_world import CELL, GAP, HEIGHT, WIDTH, clip, fitted, normal_clips, system, waves
from vpn_anomaly.systems import normal_exemplars
from vpn_anomaly.systems.normal_cells import GROUPS, POOL, WEIGHTS, Group
from vpn_anomaly.systems.normal_exemplars import NONE, QUANTILES, nats
from vpn_anomaly.systems.normality import cell_surprise


def pooled(frames_TxHxWx1):
    """Means of POOL×POOL pixels of frames that end with whole cells, by numpy."""
    below, beside = -HEIGHT % CELL, -WIDTH % CELL
    padded = np.pad(frames_TxHxWx1[..., 0].astype(float), ((0, 0), (0, below), (0, beside)), mode="edge")
    parts = [padded[:, down::POOL, right::POOL] for down in range(POOL) for right in range(POOL)]
    return np.mean(parts, axis=0)


@pytest.fixture(scope="module")
def cells():
    """The numbers of all cells of each normal clip that have them, by group, as distances are measured in."""
    params, groups_of = fitted(), jax.jit(system().groups)
    found = {name: [] for name in GROUPS}
    for frames in normal_clips():
        small = pooled(frames).astype(np.float32)
        parts = {name: [] for name in GROUPS}
        for number in range(GAP, len(frames)):
            three = small[number, None], small[number - 1, None], small[number - GAP, None]
            groups = jax.device_get(groups_of(*three, params["background"], params["noise"]))
            for name, group in groups.items():
                parts[name].append(group.value[group.there])
        for name, part in parts.items():
            of = params["groups"][name]
            found[name].append((np.concatenate(part) - of["mean"]) / of["scale"])
    return found


def test_the_background_is_the_median_of_normal_frames():
    params = fitted()
    frames = np.concatenate([pooled(frames) for frames in normal_clips()])
    expected = np.median(frames, axis=0)
    np.testing.assert_allclose(params["background"], expected, atol=0.01)
    noise = normal_exemplars.NOISES * np.median(abs(frames - expected))
    limits = normal_exemplars.LEAST_NOISE, normal_exemplars.GREATEST_NOISE
    assert params["noise"] == pytest.approx(np.clip(noise, *limits), rel=1e-3)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    ground = pooled((100 + 12 * waves(y, x, 20, 1234, 6.0))[None, ..., None])[0]
    np.testing.assert_allclose(params["background"], ground, atol=1.5)  # nobody is in it


@pytest.mark.parametrize("name", GROUPS)
def test_every_exemplar_is_a_cell_of_its_clip(cells, name):
    group = fitted()["groups"][name]
    clips = np.unique(group["clip"][group["clip"] != NONE])
    np.testing.assert_array_equal(clips, range(4))
    for number in clips:
        own = group["exemplar"][group["clip"] == number]
        assert cdist(own, cells[name][number]).min(1).max() < 1e-3
        others = np.concatenate([value for clip, value in enumerate(cells[name]) if clip != number])
        assert np.median(cdist(own, others).min(1)) > 0


@pytest.mark.parametrize("name", GROUPS)
def test_distances_are_from_the_exemplars_of_the_other_clips(cells, name):
    group = fitted()["groups"][name]
    distances = [np.zeros(1)]  # should there be no cells at all
    for number, value in enumerate(cells[name]):
        others = (group["clip"] != number) & (group["clip"] != NONE)
        distances.append(cdist(value, group["exemplar"][others]).min(1))
    found = np.concatenate(distances)
    expected = [np.quantile(found, 1 - part) for part in QUANTILES]
    np.testing.assert_allclose(group["quantile"], expected, rtol=0.02, atol=0.005)


@pytest.mark.parametrize("name", GROUPS)
def test_numbers_are_scaled_to_their_weights(cells, name):
    together = np.concatenate(cells[name])
    np.testing.assert_allclose(together.mean(0), 0, atol=0.01)
    varies = fitted()["groups"][name]["scale"] > 0.01
    np.testing.assert_allclose(together.std(0)[varies], np.array(WEIGHTS[name])[varies], rtol=0.1)


def test_spread_exemplars_are_each_the_farthest_from_those_before():
    value = np.random.default_rng(0).normal(size=(40, 3))
    value[17] = 30  # the only one of its kind
    expected = [0]
    for _ in range(7):
        nearest = [min(math.dist(one, value[other]) for other in expected) for one in value]
        expected.append(int(np.argmax(nearest)))
    assert 17 in expected
    np.testing.assert_array_equal(normal_exemplars._spread(value, 8), sorted(expected))


def test_nats_are_those_of_an_exponential_distribution_also_far_out():
    scale = 2.5
    quantile, tail = normal_exemplars._distribution(np.random.default_rng(1).exponential(scale, 200_000))
    distance = np.linspace(0.5, 100, 300)
    np.testing.assert_allclose(nats(distance, quantile, tail), distance / scale, rtol=0.1)


def test_nats_are_the_logarithm_of_how_many_are_as_far():
    sample = np.random.default_rng(2).gamma(2.0, 1.0, 5000)
    quantile, tail = normal_exemplars._distribution(sample)
    distance = np.linspace(0.2, np.quantile(sample, 0.99), 50)
    expected = [-math.log(sum(one >= d for one in sample) / len(sample)) for d in distance]
    found = np.asarray(nats(distance, quantile, tail))
    np.testing.assert_allclose(found, expected, atol=0.15)
    assert (np.diff(found) > 0).all() and nats(0.0, quantile, tail) == 0


@pytest.mark.parametrize("left_out", [-9, 2])
def test_the_surprise_of_a_cell_is_that_of_its_distance(left_out):
    params = system().without(fitted(), left_out)
    name, rng = GROUPS[-1], np.random.default_rng(3)
    group = jax.device_get(params["groups"][name])
    spread = rng.normal(size=(1, 5, 6, len(WEIGHTS[name])))
    value = (group["mean"] + 3 * group["scale"] * spread).astype(np.float32)
    there = rng.random((1, 5, 6)) < 0.7
    found = np.asarray(cell_surprise(group, Group(value, there)))
    clip_M = fitted()["groups"][name]["clip"]
    used = (clip_M != NONE) & (clip_M != left_out)
    for place in np.ndindex(there.shape):
        if not there[place]:
            assert found[place] == 0
            continue
        standard = (value[place] - group["mean"]) / group["scale"]
        distance = min(math.dist(standard, one) for one in group["exemplar"][used])
        inside = np.interp(distance, group["quantile"], [-math.log(part) for part in QUANTILES])
        beyond = max(distance - group["quantile"][-1], 0) / group["tail"]
        assert found[place] == pytest.approx(inside + beyond, rel=0.01, abs=0.02)


def test_a_fit_is_repeated_by_its_seed_in_as_many_steps_as_it_says():
    few, done = system(exemplars=40), []
    one, same = few.fit(normal_clips()), few.fit(normal_clips(), done.append)
    jax.tree.map(np.testing.assert_array_equal, one, same)
    assert sum(done) == len(done) == few.fit_steps(4)
    other = system(exemplars=40, seed=1).fit(normal_clips())
    assert (one["groups"]["appearance"]["exemplar"] != other["groups"]["appearance"]["exemplar"]).any()
    np.testing.assert_array_equal(one["background"], other["background"])


def test_the_parameters_are_those_that_a_checkpoint_expects():
    shape = jax.ShapeDtypeStruct((1, 3, HEIGHT, WIDTH, 1), np.uint8)
    expected = jax.eval_shape(system().init, jax.random.key(0), shape)
    described = lambda tree: jax.tree.map(lambda x: (np.shape(x), np.asarray(x).dtype), tree)
    assert described(fitted()) == jax.tree.map(lambda x: (x.shape, x.dtype), expected)


def test_footage_in_which_nothing_happens_is_fitted_to():
    still = [np.repeat(frames[:1], len(frames), axis=0) for frames in (clip(0), clip(0))]
    params = system().fit(still)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params))
    assert (params["groups"]["speed"]["clip"] == NONE).all()
