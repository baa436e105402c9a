"""Chunked loss and statistics against a plain softmax and a loop over the 256 values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.ops.test_laplace import expected as laplace_masses
from vpn_anomaly.ops.intensity import Copies, distribution_statistics, mean_surprise

FEATURES, COLOURS, COPIES = 5, 3, 4


def example(pixels):
    random = np.random.default_rng(pixels)
    features = random.normal(size=(pixels, FEATURES)).astype(np.float32)
    kernel = random.normal(size=(FEATURES, COLOURS, 256)).astype(np.float32)
    bias = random.normal(size=(COLOURS, 256)).astype(np.float32)
    value = random.integers(0, 256, (pixels, COLOURS))
    weight = random.uniform(size=pixels).astype(np.float32) / pixels
    return features, kernel, bias, value, weight


def some_copies(pixels):
    random = np.random.default_rng(pixels + 1)
    weight = random.normal(size=(pixels, 1 + COPIES))
    return Copies(
        random.uniform(0, 255, (pixels, COPIES, COLOURS)).astype(np.float32),
        np.exp(random.uniform(-2, 3, (pixels, COPIES))).astype(np.float32),
        (weight - np.log(np.exp(weight).sum(-1, keepdims=True))).astype(np.float32),
    )


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


def mixture(q, copies, pixel, colour):
    """The probabilities of the softmax mixed with the copies of one pixel, in a loop over them."""
    weight = np.exp(copies.log_weight[pixel].astype(np.float64))
    mixed = weight[0] * q
    for copy in range(COPIES):
        masses = laplace_masses(copies.centre[pixel, copy, colour], copies.scale[pixel, copy])
        mixed = mixed + weight[1 + copy] * masses
    return mixed


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


@pytest.mark.parametrize("tail", [True, False])
def test_statistics_of_a_mixture_equal_a_loop_over_the_values(tail):
    features, kernel, bias, value, _ = example(1290)
    copies = some_copies(1290)
    of_all = jax.jit(distribution_statistics, static_argnames="tail")
    statistics = jax.device_get(of_all(features, kernel, bias, value, tail=tail, copies=copies))
    q = softmax(np.einsum("nd,dcv->ncv", features, kernel).astype(np.float64) + bias)
    for pixel in (0, 500, 1279, 1280, 1289):
        for colour in range(COLOURS):
            mixed = mixture(q[pixel, colour], copies, pixel, colour)
            assert mixed.sum() == pytest.approx(1, abs=1e-6)
            for name, want in loop_statistics(mixed, value[pixel, colour]).items():
                if tail or name not in ("entropy", "tail"):
                    got = statistics[name][pixel, colour]
                    np.testing.assert_allclose(got, want, rtol=2e-3, atol=1e-5, err_msg=name)


def test_loss_of_a_mixture_and_its_gradients_equal_the_whole_distribution():
    """Those of the softmax and of weights, centres and scales, against autodiff of an array over all values."""
    features, kernel, bias, value, weight = example(1100)
    copies = some_copies(1100)

    def plain(features, kernel, bias, copies):
        q = jax.nn.softmax(jnp.einsum("nd,dcv->ncv", features, kernel) + bias)
        distance = jnp.abs(jnp.arange(256) - copies.centre[..., None]) / copies.scale[..., None, None]
        half = 0.5 / copies.scale[..., None, None]
        inner = 1 - jnp.exp(-half) * jnp.cosh(jnp.minimum(distance, half))
        masses = jnp.where(distance > half, jnp.sinh(half) * jnp.exp(-distance), inner)
        ends = jnp.exp(-jnp.abs(distance - half)) / 2
        ends = jnp.where(distance > half, ends, 1 - ends)
        masses = jnp.where(jnp.isin(jnp.arange(256), jnp.array([0, 255])), ends, masses)
        weights = jnp.exp(copies.log_weight)
        mixed = weights[:, 0, None, None] * q + jnp.einsum("nj,njcv->ncv", weights[:, 1:], masses)
        return -jnp.sum(jnp.log(jnp.take_along_axis(mixed, value[..., None], -1)[..., 0]).mean(-1) * weight)

    value[:100], value[100:200] = 0, 255  # the ends take all that is beyond them
    ours = lambda *a: mean_surprise(*a[:3], value, weight, a[3])
    both = lambda function: jax.jit(jax.value_and_grad(function, (0, 1, 2, 3)))(
        features, kernel, bias, copies
    )
    (loss, gradients), (expected, expected_gradients) = both(ours), both(plain)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(ours)(features, kernel, bias, copies), expected, rtol=1e-5)
    for got, want in zip(jax.tree.leaves(gradients), jax.tree.leaves(expected_gradients)):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-6)


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
