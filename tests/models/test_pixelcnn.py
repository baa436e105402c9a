"""Causality of the decoder, proved by its Jacobian: nothing ahead leaks in, nothing behind is blind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.models.pixelcnn import PixelCNN, colour_mask

HEIGHT, WIDTH, FEATURES = 6, 5, 2


def decoder_and_parameters(colours, blocks=2):
    decoder = PixelCNN(blocks, channels=2, colours=colours, features=FEATURES)
    rng = np.random.default_rng(0)
    frame = jnp.asarray(rng.uniform(size=(1, HEIGHT, WIDTH, colours)), jnp.float32)
    condition = jnp.asarray(rng.normal(size=(1, HEIGHT, WIDTH, 3)), jnp.float32)
    shapes = jax.eval_shape(decoder.init, jax.random.key(0), frame, condition)
    # Weights of one sign and open gates: no path is cut by a ReLU or cancels another.
    params = jax.tree.map(lambda x: jnp.asarray(rng.uniform(0.05, 0.2, x.shape), x.dtype), shapes)
    return decoder, params, frame, jnp.abs(condition)


def logits(decoder, params, frame, condition):
    """The logit of one value for every pixel and colour, (H, W, C), through the masked output layer."""
    features = decoder.apply(params, frame, condition)[0]
    return features @ colour_mask(FEATURES, decoder.colours)


@pytest.mark.parametrize("colours", [1, 3])
def test_a_prediction_depends_on_all_values_before_it_and_on_no_other(colours):
    decoder, params, frame, condition = decoder_and_parameters(colours)
    # The decoder's convolutions have a gradient of their own, so the Jacobian is taken in reverse.
    jacobian = jax.jit(jax.jacrev(lambda x: logits(decoder, params, x, condition)))(frame)
    values = HEIGHT * WIDTH * colours
    depends = np.asarray(jacobian).reshape(values, values) != 0
    before = np.tril(np.ones((values, values), bool), -1)  # raster order, colours within a pixel
    np.testing.assert_array_equal(depends & ~before, False)
    # Two blocks of two units reach far enough for every pixel of a small frame: no blind spot.
    np.testing.assert_array_equal(depends[before], True)


def test_the_condition_reaches_every_pixel_from_its_own_place():
    decoder, params, frame, condition = decoder_and_parameters(1)
    change = jax.jit(jax.jacrev(lambda c: logits(decoder, params, frame, c)))(condition)
    of_place = np.abs(np.asarray(change)[:, :, 0, 0]).sum(-1).reshape(HEIGHT * WIDTH, HEIGHT * WIDTH)
    assert (np.diag(of_place) > 0).all()
