"""The loss with sequences that skip frames, against the surprise of each sequence alone."""

import jax
import numpy as np
import pytest

from tests.systems.examples import example, loss_of, small_config
from vpn_anomaly.systems.build import build_system

KEY = jax.random.key(0)


def parts(margin):
    """A system, params, a batch, and the surprise of each of its sequences."""
    config = small_config(train__skipped_margin=margin, train__loss_pixels=0)
    system, params, batch = example(config)
    batch["clip"][1] = batch["clip"][1] // 8  # so that the two differ
    plain = build_system(small_config(train__loss_pixels=0))
    alone = [
        float(loss_of(plain, params, jax.tree.map(lambda x: x[row : row + 1], batch), KEY)) for row in (0, 1)
    ]
    return system, params, batch, alone


@pytest.mark.parametrize("margin", [0.5, 50.0])
@pytest.mark.parametrize("skipping", [0, 1])
def test_it_is_the_surprise_of_the_others_and_what_the_margin_lacks(skipping, margin):
    system, params, batch, alone = parts(margin)
    skipped = np.arange(2) == skipping
    loss = loss_of(system, params, {**batch, "skipped": skipped}, KEY)
    lacks = max(0, margin - (alone[skipping] - alone[1 - skipping]))
    np.testing.assert_allclose(loss, (alone[1 - skipping] + lacks) / 2, rtol=1e-5)


def test_without_any_it_is_the_loss_and_with_only_such_it_is_finite():
    system, params, batch, _ = parts(0.5)
    none = loss_of(system, params, {**batch, "skipped": np.zeros(2, bool)}, KEY)
    np.testing.assert_allclose(none, loss_of(system, params, batch, KEY), rtol=1e-6)
    assert np.isfinite(loss_of(system, params, {**batch, "skipped": np.ones(2, bool)}, KEY))


@pytest.mark.parametrize("margin", [0.0, 50.0])
def test_its_gradient_is_that_of_the_others_less_that_of_the_skipping_one_until_it_is_far_enough(margin):
    system, params, batch, alone = parts(margin)
    skipping = int(np.argmax(alone))
    gradient = jax.jit(jax.grad(system.loss))
    got = gradient(params, {**batch, "skipped": np.arange(2) == skipping}, KEY)
    plain = jax.grad(lambda p, row: system.loss(p, jax.tree.map(lambda x: x[row : row + 1], batch), KEY))
    others, own = (jax.jit(plain, static_argnums=1)(params, row) for row in (1 - skipping, skipping))
    expected = jax.tree.map(lambda x, y: (x - (margin > 0) * y) / 2, others, own)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-5), got, expected)
