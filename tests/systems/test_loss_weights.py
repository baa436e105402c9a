"""Weights of pixels by how much changed around them, against a loop."""

import jax
import numpy as np
import pytest

from tests.systems.examples import example, loss_of, maps_of, small_config
from vpn_anomaly.systems.loss_weights import AROUND, LEAST, equal_weights, weights_by_change

SHARE = 0.6


def frames(shape=(2, 3, 12, 14, 3)):
    value, last = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    counted = np.random.default_rng(1).uniform(size=shape[:4]) < 0.8
    return counted, value, last


def test_they_are_those_of_a_loop_over_pixels():
    counted, value, last = frames()
    got = jax.jit(weights_by_change, static_argnums=3)(counted, value, last, SHARE)
    batch, targets, height, width = counted.shape
    half = AROUND // 2
    for image in np.ndindex(batch, targets):
        change = np.abs(value[image].astype(float) - last[image]).mean(-1)
        around = np.zeros((height, width))
        for row in range(height):
            for column in range(width):
                rows = slice(max(row - half, 0), row + half + 1)
                columns = slice(max(column - half, 0), column + half + 1)
                around[row, column] = change[rows, columns].mean() + LEAST
        around *= counted[image]
        by_change, equal = around / around.sum(), counted[image] / counted[image].sum()
        expected = (SHARE * by_change + (1 - SHARE) * equal) / (batch * targets)
        np.testing.assert_allclose(got[image], expected, rtol=1e-4, atol=1e-8)


def test_without_a_share_or_a_change_they_are_equal():
    counted, value, last = frames()
    equal = np.asarray(equal_weights(counted))
    np.testing.assert_array_equal(weights_by_change(counted, value, last, 0.0), equal)
    weights = jax.jit(weights_by_change, static_argnums=3)
    np.testing.assert_allclose(weights(counted, last, last, 1.0), equal, rtol=1e-5)
    assert np.asarray(weights(counted, value, last, 1.0)).sum() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("horizon", [1, 2])
def test_the_loss_is_the_surprise_with_the_change_since_the_last_frame_seen(horizon):
    config = small_config(
        train__motion_share=SHARE, train__loss_pixels=0, train__targets=(7,), model__horizon=horizon
    )
    system, params, batch = example(config)
    clip, surprise = batch["clip"], []
    for row in range(2):
        shift = batch["shift"][row, 7][None]
        maps = maps_of(system, params, clip[row : row + 1], shift, (7,))
        last = clip[row : row + 1, None, 7 - horizon]
        weights = weights_by_change(np.asarray(maps.counted), clip[row : row + 1, 7:], last, SHARE)
        surprise.append((np.asarray(maps.value["nll"]) * weights).sum())
    loss = loss_of(system, params, batch, jax.random.key(0))
    np.testing.assert_allclose(loss, np.mean(surprise), rtol=1e-4)


def test_the_loss_over_random_pixels_is_unbiased():
    system, params, batch = example(small_config(train__motion_share=SHARE))
    batch["clip"][:, -1, :8] = batch["clip"][:, -2, :8]  # a half that stands still
    losses = jax.jit(jax.vmap(lambda key: system.loss(params, batch, key)))(
        jax.random.split(jax.random.key(3), 200)
    )
    whole, _, _ = example(small_config(train__motion_share=SHARE, train__loss_pixels=0))
    full = loss_of(whole, params, batch, jax.random.key(0))
    assert np.std(losses) > 0
    assert abs(np.mean(losses) - full) < 4 * np.std(losses) / np.sqrt(len(losses))
