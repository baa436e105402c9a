"""The plain Flax model of the benchmarks against the package's: one loss, one gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.benchmarks.naive_flax import NaiveSystem, naive_parameters
from tests.tiny import randomised
from vpn_anomaly import config as configuration
from vpn_anomaly.systems.build import build_system

SMALL = {
    "data.height": 32,
    "data.width": 32,
    "data.frames": 8,
    "model.context": 3,
    "model.encoder.block": "relu",
    "model.encoder.channels": 6,
    "model.lstm.channels": 5,
    "model.attention.meta_channels": 7,
    "model.attention.radius": 2,
    "model.head.channels": 8,
    "model.head.pixel_channels": 6,
    "train.targets": (5, 7),
    "train.batch_size": 2,
    "train.loss_pixels": 256,
}


def small(channels):
    config = configuration.defaults()
    config.update_from_flattened_dict({**SMALL, "data.channels": channels})
    configuration.check(config)
    return config


def batch_of(config):
    random = np.random.default_rng(0)
    shape = (2, 8, 32, 32, config.data.channels)
    smooth = random.integers(0, 256, (2, 1, 8, 8, shape[-1])).repeat(4, 2).repeat(4, 3)
    clip = np.stack([np.roll(smooth[:, 0], t, axis=1) for t in range(8)], axis=1)
    shift = random.integers(0, 4, (2, 8, 2))
    return {
        "clip": jnp.array(clip, jnp.uint8),
        "shift": jnp.array(shift, jnp.int32),
        "index": jnp.array([3, 11], jnp.int32),
    }


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_loss_and_gradient_equal_those_of_the_package(channels):
    config = small(channels)
    system, batch, key = build_system(config), batch_of(config), jax.random.key(7)
    params = system.init(jax.random.key(0), batch["clip"])
    params = jax.tree.map(np.add, params, randomised(params, 0.1))
    loss, gradient = jax.jit(jax.value_and_grad(system.loss))(params, batch, key)
    naive = NaiveSystem(config).loss
    expected, expected_gradient = jax.jit(jax.value_and_grad(naive))(naive_parameters(params), batch, key)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    gradient = naive_parameters(gradient)
    for tree in (gradient, expected_gradient):
        del tree["conv_lstm"]["cell"]["hh"]["bias"]
    assert jax.tree.structure(gradient) == jax.tree.structure(expected_gradient)
    for got, want in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected_gradient)):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4 * np.abs(want).max())
