"""Conv-LSTM and the frame autoencoder: their networks against Flax's cells, what they see, what counts."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems.examples import FRAMES, SIDE, example, loss_of, maps_of, small_config
from vpn_anomaly.config import check
from vpn_anomaly.models.composite import CompositeAutoencoder
from vpn_anomaly.ops.space_to_depth import depth_to_space, space_to_depth

SHIFTS = np.array([[0, 0], [1, 2]])
PAST, FUTURE = 3, 2


def composite_config(**fields):
    small = {
        "system": "conv_lstm_autoencoder",
        "model__composite__past": PAST,
        "model__composite__future": FUTURE,
        "model__composite__layers": 1,
    }
    config = small_config(**{**small, **fields})
    check_size(config)
    return config


def autoencoder_config():
    config = small_config(
        system="frame_autoencoder", model__autoencoder__channels=2, model__autoencoder__code=3
    )
    check_size(config)
    return config


def check_size(config):
    config.data.path = "frames smaller than a digit"
    check(config)
    config.data.path = ""


def by_flax(params, frames_BxPxHxWxC, stem, channels, conditioned):
    """The composite of one layer, step by step with flax.linen.ConvLSTMCell."""
    cell = nn.ConvLSTMCell(channels, (3, 3))

    def cell_params(name, inputs):
        kernel, bias = params[name]["kernel_0"], params[name]["bias_0"]
        hidden = {"kernel": kernel[:, :, inputs:], "bias": jnp.zeros_like(bias)}
        return {"params": {"ih": {"kernel": kernel[:, :, :inputs], "bias": bias}, "hh": hidden}}

    def decode(name, carry, steps, squares):
        frames, frame = [], jnp.zeros((*carry[0].shape[:3], squares))
        inputs = squares if conditioned else 0
        for _ in range(steps):
            if not inputs:  # Flax's cell needs an input: one channel of zeros
                weights = cell_params(name, 0)
                weights["params"]["ih"]["kernel"] = jnp.zeros((3, 3, 1, 4 * channels))
                carry, h = cell.apply(weights, carry, frame[..., :1] * 0)
            else:
                carry, h = cell.apply(cell_params(name, inputs), carry, frame)
            frame = nn.sigmoid(h @ params[f"{name}_kernel"] + params[f"{name}_bias"])
            frames.append(depth_to_space(frame, stem))
        return jnp.stack(frames, axis=1)

    x = space_to_depth(frames_BxPxHxWxC, stem)
    carry = (jnp.zeros((*x[:, 0].shape[:3], channels)),) * 2
    for t in range(x.shape[1]):
        carry, _ = cell.apply(cell_params("encoder", x.shape[-1]), carry, x[:, t])
    past = decode("reconstruction", carry, x.shape[1], x.shape[-1])
    return past[:, ::-1], decode("prediction", carry, FUTURE, x.shape[-1])


@pytest.mark.parametrize("conditioned", [False, True])
def test_the_composite_equals_flax_cells(conditioned):
    network = CompositeAutoencoder(2, 3, 1, FUTURE, 1, conditioned)
    rng = np.random.default_rng(0)
    frames = jnp.asarray(rng.uniform(size=(2, PAST, 4, 4, 1)), jnp.float32)
    shapes = jax.eval_shape(network.init, jax.random.key(0), frames)["params"]
    params = jax.tree.map(lambda x: jnp.asarray(0.5 * rng.normal(size=x.shape), x.dtype), shapes)
    ours = jax.jit(lambda p, x: network.apply({"params": p}, x))(params, frames)
    theirs = jax.jit(lambda p, x: by_flax(p, x, 2, 3, conditioned))(params, frames)
    for one, other in zip(ours, theirs):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_prediction_knows_only_the_past_of_its_window():
    system, params, batch = example(composite_config())
    frame = FRAMES - 1
    errors = lambda clip: np.asarray(maps_of(system, params, clip, SHIFTS, (frame,)).value["error"])
    before, clip = errors(batch["clip"]), batch["clip"].copy()
    clip[:, frame - 1] = 0  # between the past and the frame
    clip[:, : frame - PAST - FUTURE + 1] = 0  # earlier than the past
    np.testing.assert_array_equal(errors(clip), before)
    clip[:, frame - FUTURE] = 0  # the last frame of the past
    assert (errors(clip) != before).any()


def test_the_loss_is_over_reconstruction_and_prediction():
    system, params, batch = example(composite_config())
    window = batch["clip"][:, FRAMES - PAST - FUTURE :] / 255.0
    network = jax.jit(lambda x: system.network.apply({"params": params}, x))
    past, future = network(jnp.asarray(window[:, :PAST], jnp.float32))
    squares = [
        ((np.asarray(part) - truth) ** 2).ravel()
        for part, truth in ((past, window[:, :PAST]), (future, window[:, PAST:]))
    ]
    loss = loss_of(system, params, batch, jax.random.key(0))
    np.testing.assert_allclose(loss, np.concatenate(squares).mean(), rtol=1e-5)


def test_a_reconstruction_has_read_the_frame_that_it_is_scored_by():
    config = composite_config()
    config.model.composite.scored = "reconstruction"
    system, params, batch = example(config)
    assert system.first_frame == PAST - 1
    frame = FRAMES - 1
    window = jnp.asarray(batch["clip"][:, FRAMES - PAST :] / 255.0, jnp.float32)
    past, _ = jax.jit(lambda x: system.network.apply({"params": params}, x))(window)
    got = maps_of(system, params, batch["clip"], SHIFTS, (frame,)).value["error"][:, 0]
    expected = ((np.asarray(past)[:, -1] - np.asarray(window)[:, -1]) ** 2).mean(-1)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
    prediction, _, _ = example(composite_config())
    losses = [loss_of(one, params, batch, jax.random.key(0)) for one in (system, prediction)]
    np.testing.assert_array_equal(*losses)  # what is scored does not change what is learnt


def test_a_frame_is_reconstructed_from_itself_alone():
    system, params, batch = example(autoencoder_config())
    errors = lambda clip: np.asarray(maps_of(system, params, clip, SHIFTS, (3,)).value["error"])
    before, clip = errors(batch["clip"]), batch["clip"].copy()
    clip[:, :3], clip[:, 4:] = 0, 0
    np.testing.assert_array_equal(errors(clip), before)
    clip[:, 3, 0, 0] += 1
    assert (errors(clip) != before).any()


@pytest.mark.parametrize("make", [composite_config, autoencoder_config])
def test_the_pixels_that_count_and_where_outputs_start(make):
    system, params, batch = example(make())
    ours, our_params, _ = example(small_config(model__attention__kind="none"))
    maps = [maps_of(s, p, batch["clip"], SHIFTS, (7,)) for s, p in ((system, params), (ours, our_params))]
    np.testing.assert_array_equal(*(np.asarray(one.counted) for one in maps))
    for one in maps:
        np.testing.assert_allclose(one.intensity[:, 0], batch["clip"][:, 7, ..., 0] / 255, rtol=1e-6)
    dark = np.where(batch["clip"] > 200, batch["clip"], 0)
    params = jax.jit(system.init)(jax.random.key(0), dark)
    zero = np.zeros_like(dark)  # whose prediction is near what the biases alone give
    error = np.asarray(maps_of(system, params, zero, SHIFTS, (7,)).value["error"])
    np.testing.assert_allclose(np.sqrt(error).mean(), dark.mean() / 255, rtol=0.2)
    assert error.shape == (2, 1, SIDE, SIDE)
