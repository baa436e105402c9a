"""The whole inpainting system: what may and what may not change its predictions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems.examples import FRAMES, SIDE, example, loss_of, maps_of, of_kind, small_config
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.systems.build import build_system


@functools.partial(jax.jit, static_argnames="system")
def predicted(system, params, clip, shown_BxHxW):
    """What the output layer reads for the last frame, and the copies, if there are any."""
    frames = clip.astype(jnp.float32) / 255
    of_frame, _ = system.network.apply({"params": params}, frames[:, :-1], frames[:, -1], shown_BxHxW)
    return jnp.concatenate([x.reshape(*x.shape[:3], -1) for x in jax.tree.leaves(of_frame)], axis=-1)


@pytest.mark.parametrize("kind", ["full", "depthwise", "correlation", "layers", "none"])
def test_hidden_pixels_change_no_prediction(kind):
    system, params, batch = example(of_kind(kind))
    clip = batch["clip"]
    shown_BxHxW = shown(SIDE, SIDE, batch["shift"][:, -1], (4, 5))
    other = clip.copy()
    noise = np.random.default_rng(1).integers(0, 256, clip[:, -1].shape, dtype=np.uint8)
    other[:, -1] = np.where(shown_BxHxW[..., None], clip[:, -1], noise)
    before = predicted(system, params, clip, shown_BxHxW)
    np.testing.assert_array_equal(before, predicted(system, params, other, shown_BxHxW))
    other[:, -1] = np.where(shown_BxHxW[..., None], noise, clip[:, -1])
    assert (before != predicted(system, params, other, shown_BxHxW)).any()


@pytest.mark.parametrize("kind", ["correlation", "layers", "none"])
def test_without_the_masked_frame_not_even_shown_pixels_matter(kind):
    config = of_kind(kind, model__use_masked_frame=False)
    system, params, batch = example(config)
    shown_BxHxW = shown(SIDE, SIDE, batch["shift"][:, -1], (4, 5))
    other = batch["clip"].copy()
    other[:, -1] = 255 - other[:, -1]
    before = predicted(system, params, batch["clip"], shown_BxHxW)
    np.testing.assert_array_equal(before, predicted(system, params, other, shown_BxHxW))


@pytest.mark.parametrize("kind", ["correlation", "layers", "full"])
def test_no_later_frame_leaks_into_an_earlier_target(kind):
    system, params, batch = example(of_kind(kind))
    shifts = np.array([[0, 0], [2, 3]])
    other = batch["clip"].copy()
    other[:, 5:] = 0
    maps, others = (maps_of(system, params, clip, shifts, (4, 7)) for clip in (batch["clip"], other))
    for name, value in maps.value.items():
        np.testing.assert_array_equal(value[:, 0], others.value[name][:, 0])
        assert (value[:, 1] != others.value[name][:, 1]).any()


def test_the_predictions_of_a_scored_frame_do_not_know_its_hidden_pixels():
    system, params, batch = example(small_config())
    shift_Mx2, other = np.array([[2, 3]]), batch["clip"].copy()
    shown_HxW = np.asarray(shown(SIDE, SIDE, shift_Mx2, (4, 5)))[0]
    other[:, 7] = np.where(shown_HxW[..., None], other[:, 7], 255 - other[:, 7])
    maps, others = (maps_of(system, params, clip, shift_Mx2, (7,)) for clip in (batch["clip"], other))
    np.testing.assert_array_equal(others.mean["nll"], maps.mean["nll"])  # the predictions' entropy
    assert (np.asarray(maps.value["nll"]) != np.asarray(others.value["nll"])).any()


def test_maps_are_averages_over_the_masks_that_hide_a_pixel():
    system, params, batch = example(small_config())
    shifts = np.array([[0, 0], [2, 3], [1, 1]])
    maps = maps_of(system, params, batch["clip"], shifts, (7,))
    singles = [maps_of(system, params, batch["clip"], shift[None], (7,)) for shift in shifts]
    hidden = np.stack([np.asarray(single.counted) for single in singles])
    np.testing.assert_array_equal(hidden[:, 0, 0], ~shown(SIDE, SIDE, shifts, (4, 5)))
    for name in maps.value:
        values = np.stack([np.asarray(single.value[name]) for single in singles])
        expected = (values * hidden).sum(0) / hidden.sum(0)
        np.testing.assert_allclose(maps.value[name], expected, rtol=1e-4, atol=1e-5)
    assert np.asarray(maps.counted).all()


def test_the_loss_is_the_mean_surprise_of_hidden_pixels():
    system, params, batch = example(small_config(train__loss_pixels=0))
    loss = loss_of(system, params, batch, jax.random.key(0))
    surprise = []
    for target in (4, 7):
        for row in range(2):
            clip, shift = batch["clip"][row : row + 1], batch["shift"][row, target][None]
            maps = maps_of(system, params, clip, shift, (target,))
            surprise.append(np.asarray(maps.value["nll"])[np.asarray(maps.counted)].mean())
    np.testing.assert_allclose(loss, np.mean(surprise), rtol=1e-4)


def test_the_loss_over_random_pixels_is_unbiased():
    config = small_config()
    system, params, batch = example(config)
    loss = jax.jit(jax.vmap(lambda key: system.loss(params, batch, key)))
    losses = loss(jax.random.split(jax.random.key(3), 200))
    whole = build_system(small_config(train__loss_pixels=0))
    full = loss_of(whole, params, batch, jax.random.key(0))
    error = np.std(losses) / np.sqrt(len(losses))
    assert np.std(losses) > 0
    assert abs(np.mean(losses) - full) < 4 * error


def test_the_loss_pixels_of_a_sequence_do_not_depend_on_its_batch():
    system, params, batch = example(small_config())
    key = jax.random.key(0)
    halves = [jax.tree.map(lambda x: x[row : row + 1], batch) for row in range(2)]
    losses = [loss_of(system, params, half, key) for half in halves]
    np.testing.assert_allclose(loss_of(system, params, batch, key), np.mean(losses), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "depthwise", "correlation", "layers", "none"])
def test_colour_and_bfloat16_give_finite_losses_and_gradients(kind):
    config = of_kind(kind, data__channels=3, model__dtype="bfloat16", model__encoder__block="relu")
    system, params, batch = example(config)
    loss, gradient = jax.jit(jax.value_and_grad(system.loss))(params, batch, jax.random.key(0))
    assert np.isfinite(loss)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("kind", ["correlation", "layers", "depthwise"])
def test_the_same_parameters_run_on_other_sizes_and_lengths(kind):
    system, params, _ = example(of_kind(kind))
    clip = np.zeros((1, 5, 24, 32, 1), np.uint8)
    maps = maps_of(system, params, clip, np.array([[0, 0]]), (system.first_frame, 4))
    assert maps.value["nll"].shape == (1, 2, 24, 32)


def test_stem_one_keeps_full_resolution():
    system, params, batch = example(small_config(model__stem=1, model__attention__kind="depthwise"))
    frames = jnp.asarray(batch["clip"], jnp.float32) / 255
    encode_frames = functools.partial(system.network.apply, method="encode_frames")
    memory, _ = jax.jit(encode_frames)({"params": params}, frames)
    assert memory.shape == (2, FRAMES, SIDE, SIDE, 4)


def test_a_carried_loss_is_that_of_the_whole_sequence():
    """Two sequences in turn, the second from the state that the first leaves, against one."""
    system, params, batch = example(small_config(train__targets=(7,), train__loss_pixels=0))
    longer = example(small_config(data__frames=15, train__targets=(14,), train__loss_pixels=0))
    whole = longer[2]["clip"]
    loss = jax.jit(system.carried_loss)
    state = system.initial_carried(2, SIDE, SIDE)
    first = {**batch, "clip": whole[:, :8], "continues": np.zeros(2, bool)}
    _, state = loss(params, state, first, jax.random.key(0))
    second = {**batch, "clip": whole[:, 7:], "continues": np.array([True, False])}
    got, _ = loss(params, state, second, jax.random.key(0))
    shift_Mx2 = batch["shift"][:, 7]
    expected = []
    for row, (clip, frame) in enumerate(((whole[:1], 14), (whole[1:, 7:], 7))):
        maps = maps_of(system, params, clip, shift_Mx2[row][None], (frame,))
        expected.append(np.asarray(maps.value["nll"])[np.asarray(maps.counted)].mean())
    np.testing.assert_allclose(got, np.mean(expected), rtol=1e-5)


def test_without_anything_to_go_on_from_the_carried_loss_is_the_loss():
    system, params, batch = example(small_config())
    fresh = {**batch, "continues": np.zeros(2, bool)}
    state = jax.tree.map(lambda x: x + 1, system.initial_carried(2, SIDE, SIDE))
    got, _ = jax.jit(system.carried_loss)(params, state, fresh, jax.random.key(0))
    np.testing.assert_allclose(got, loss_of(system, params, batch, jax.random.key(0)), rtol=1e-6)


@pytest.mark.parametrize("masked", [True, False])
def test_without_the_short_cut_the_last_frame_is_read_by_the_encoder_alone(masked):
    config = small_config(model__head__sees_last_frame=False, model__use_masked_frame=masked)
    system, params, batch = example(config)
    network, clip = system.network, jnp.asarray(batch["clip"], jnp.float32) / 255
    memory, _ = jax.jit(functools.partial(network.apply, method="encode_frames"))(
        {"params": params}, clip[:, :7]
    )
    shown_BxHxW = shown(SIDE, SIDE, batch["shift"][:, -1], (4, 5))
    inpaint = jax.jit(functools.partial(network.apply, method="inpaint"))
    seen = [
        inpaint({"params": params}, memory[:, -3:], frames, clip[:, 7], shown_BxHxW)[0]
        for frames in (clip[:, 4:7], 1 - clip[:, 4:7])
    ]
    np.testing.assert_array_equal(*seen)
