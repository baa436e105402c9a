"""The ConvLSTM in chunks of time against the whole sequence at once: outputs, state and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.models.conv_lstm import ConvLSTM

BATCH, TIME, SIDE, CHANNELS = 2, 7, 5, 3


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def outputs_and_gradients(chunk, dtype=jnp.float32):
    """From a state that is not zero: outputs, last state, gradients of the parameters and of the input."""
    x, weight = normal(0, BATCH, TIME, SIDE, SIDE, 2), normal(1, BATCH, TIME, SIDE, SIDE, CHANNELS)
    c, h = (normal(seed, BATCH, SIDE, SIDE, CHANNELS) for seed in (2, 3))
    params = ConvLSTM(CHANNELS).init(jax.random.key(0), x)
    module = ConvLSTM(CHANNELS, dtype, chunk)

    def loss(params, x):
        outputs, last = module.apply(params, x, (c, jnp.asarray(h, dtype)))
        return jnp.sum(outputs * weight) + jnp.sum(last[0]), (outputs, last)

    return jax.jit(jax.grad(loss, (0, 1), has_aux=True))(params, x)


@pytest.mark.parametrize("chunk", [1, 3, 10])  # 7 frames: whole chunks alone, one frame beyond, a single one
def test_chunks_are_the_whole_sequence(chunk):
    jax.tree.map(
        lambda got, want: np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-5),
        outputs_and_gradients(chunk),
        outputs_and_gradients(0),
    )


def test_under_bfloat16_they_differ_by_its_rounding():
    exact, (of_params, _) = outputs_and_gradients(0), outputs_and_gradients(3, jnp.bfloat16)[0]
    for got, want in zip(jax.tree.leaves(of_params), jax.tree.leaves(exact[0][0]), strict=True):
        assert got.dtype == jnp.float32
        assert np.abs(got - want).max() < 0.02 * np.abs(want).max()
