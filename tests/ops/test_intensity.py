"""Chunked loss and statistics against a plain softmax and a loop over the 256 values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.ops.intensity import distribution_statistics, mean_surprise

FEATURES, COLOURS = 5, 3


def example(pixels):
    random = np.random.default_rng(pixels)
    features = random.normal(size=(pixels, FEATURES)).astype(np.float32)
    kernel = random.normal(size=(FEATURES, COLOURS, 256)).astype(np.float32)
    bias = random.normal(size=(COLOURS, 256)).astype(np.float32)
    value = random.integers(0, 256, (pixels, COLOURS))
    weight = random.uniform(size=pixels).astype(np.float32) / pixels
    return features, kernel, bias, value, weight


def plain_mean_surprise(features, kernel, bias, value, weight):
    log_q = jax.nn.log_softmax(jnp.einsum("nd,dcv->ncv", features, kernel) + bias)
    surprise = -jnp.take_along_axis(log_q, value[..., None], axis=-1)[..., 0]
    return jnp.sum(surprise.mean(-1) * weight)


@pytest.mark.parametrize("pixels", [7, 1024, 1500])
def test_loss_and_gradients_equal_a_plain_softmax(pixels):
    features, kernel, bias, value, weight = example(pixels)
    arguments = (features, kernel, bias)
    ours = lambda *a: 3 * mean_surprise(*a, value, weight)
    plain = lambda *a: 3 * plain_mean_surprise(*a, value, weight)
    both = lambda function: jax.jit(lambda *a: (function(*a), jax.grad(function, (0, 1, 2))(*a)))
    (loss, gradients), (expected, expected_gradients) = (both(f)(*arguments) for f in (ours, plain))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    for got, want in zip(gradients, expected_gradients):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-6)


def test_statistics_equal_a_loop_over_the_values():
    features, kernel, bias, value, _ = example(1030)
    statistics = jax.device_get(jax.jit(distribution_statistics)(features, kernel, bias, value))
    logits = np.einsum("nd,dcv->ncv", features, kernel).astype(np.float64) + bias
    for pixel in (0, 500, 1023, 1024, 1029):
        for colour in range(COLOURS):
            q = np.exp(logits[pixel, colour]) / np.exp(logits[pixel, colour]).sum()
            expected = loop_statistics(q, value[pixel, colour])
            for name, want in expected.items():
                got = statistics[name][pixel, colour]
                np.testing.assert_allclose(got, want, rtol=2e-3, atol=1e-5, err_msg=name)


def loop_statistics(q, x):
    below = above = mean = entropy = square = 0.0
    for v in range(256):
        below += q[v] if v <= x else 0
        above += q[v] if v >= x else 0
        mean += q[v] * v / 255
        square += q[v] * (v / 255) ** 2
        entropy -= q[v] * np.log(q[v])
    return {
        "surprise": -np.log(q[x]),
        "entropy": entropy,
        "tail": -np.log(min(1, 2 * min(below, above))),
        "mean": mean,
        "variance": square - mean**2,
    }
