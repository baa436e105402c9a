"""The Video Pixel Network as a system: causality of its maps, sampling, and what counts."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from tests.systems.examples import example, loss_of, maps_of, small_config

SHIFTS = np.array([[0, 0], [1, 2]])


def vpn_config(**fields):
    small = {"system": "vpn", "model__decoder__blocks": 1, "model__decoder__channels": 4}
    return small_config(**{**small, **fields})


def test_the_surprise_at_a_pixel_knows_nothing_of_later_pixels_or_frames():
    system, params, batch = example(vpn_config())
    clip, frame = batch["clip"], 5
    other = clip.copy()
    row, column = 7, 3
    later = np.arange(clip[0, 0].size).reshape(clip.shape[2:]) > row * clip.shape[3] + column
    noise = np.random.default_rng(5).integers(0, 256, clip[:, frame].shape, dtype=np.uint8)
    other[:, frame] = np.where(later, noise, clip[:, frame])
    other[:, frame + 1 :] = 0
    nll = lambda clip: np.asarray(maps_of(system, params, clip, SHIFTS, (frame,)).value["nll"])[:, 0]
    before, after = nll(clip), nll(other)
    np.testing.assert_array_equal(
        before[~np.broadcast_to(later[..., 0], before.shape)],
        after[~np.broadcast_to(later[..., 0], after.shape)],
    )
    assert (before != after).any()


def test_the_pixels_that_count_are_those_of_the_inpainting_system():
    system, params, batch = example(vpn_config())
    ours, our_params, _ = example(small_config(model__attention__kind="none"))
    maps = [maps_of(s, p, batch["clip"], SHIFTS, (7,)) for s, p in ((system, params), (ours, our_params))]
    np.testing.assert_array_equal(*(np.asarray(one.counted) for one in maps))
    for one in maps:
        np.testing.assert_allclose(one.intensity[:, 0], batch["clip"][:, 7, ..., 0] / 255, rtol=1e-6)


def test_the_loss_is_the_mean_surprise_of_the_targets():
    system, params, batch = example(vpn_config(train__loss_pixels=0))
    maps = maps_of(system, params, batch["clip"], SHIFTS, (4, 7))
    loss = loss_of(system, params, batch, jax.random.key(0))
    np.testing.assert_allclose(loss, np.asarray(maps.value["nll"]).mean(), rtol=1e-5)


@functools.partial(jax.jit, static_argnames="system")
def sampled(system, params, clip, key):
    return system.sample(params, clip, key)


def test_a_sample_follows_the_distributions_that_it_was_drawn_from():
    """With an output layer that fixes each pixel by its left neighbour, there is one sample."""
    config = vpn_config(data__height=8, data__width=8, model__decoder__blocks=0)
    system, params, batch = example(config)
    params = jax.tree.map(jnp.zeros_like, params)
    # A feature that is the left neighbour's intensity, and two values told apart by it.
    params["decoder"]["left"]["kernel"] = params["decoder"]["left"]["kernel"].at[0, 0].set(1.0)
    params["decoder"]["pixel"]["kernel"] = params["decoder"]["pixel"]["kernel"].at[0, 0].set(1.0)
    kernel = params["output_kernel"].at[0, 0, 0].set(4000.0).at[0, 0, 255].set(-4000.0)
    params["output_kernel"] = kernel
    params["output_bias"] = params["output_bias"].at[0, 255].set(2000.0)
    frame = np.asarray(sampled(system, params, batch["clip"][:, :4], jax.random.key(0)))[..., 0]
    expected = np.tile(np.array([255, 0] * 4, np.uint8), (2, 8, 1))  # black after white, and back
    np.testing.assert_array_equal(frame, expected)
