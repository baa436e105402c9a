"""Inpainting of blocks: nothing of a block is known to its prediction, and all else may be."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from tests.systems.examples import FRAMES, example, loss_of, maps_of, small_config
from vpn_anomaly.config import check
from vpn_anomaly.systems import block_inpainting

SIDE, SMALL, LARGE = 32, 3, 12
ANY_SHIFT = np.array([[0, 0]])


def config_of(**fields):
    small = {
        "system": "block_inpainting",
        "data__height": SIDE,
        "data__width": SIDE,
        "model__unet__channels": (4, 6, 8),
        "model__unet__hidden_blocks": (SMALL, LARGE),
    }
    config = small_config(**{**small, **fields})
    check(config)
    return config


def frame_maps(system, params, clip, frame=3):
    return jax.tree.map(lambda x: np.asarray(x)[:, 0], maps_of(system, params, clip, ANY_SHIFT, (frame,)))


def block_of(place, size):
    """Rows and columns of the block that hides a pixel, under the mask that does."""
    return tuple(slice(at // size * size, at // size * size + size) for at in place)


def test_a_prediction_sees_around_its_block_but_not_into_it():
    system, params, batch = example(config_of())
    place = (13, 16)
    predictions = {
        SMALL: lambda maps: maps.mean["detail"],  # the entropy: of the prediction alone
        LARGE: lambda maps: maps.variance["missing"],
    }
    for size, predicted in predictions.items():
        rows, columns = block_of(place, size)
        before = predicted(frame_maps(system, params, batch["clip"]))[0]
        clip = batch["clip"].copy()
        clip[0, 3, rows, columns] = 255 - clip[0, 3, rows, columns]
        inside = predicted(frame_maps(system, params, clip))[0]
        np.testing.assert_array_equal(inside[rows, columns], before[rows, columns])
        clip = 255 - batch["clip"]
        clip[0, 3, rows, columns] = batch["clip"][0, 3, rows, columns]
        around = predicted(frame_maps(system, params, clip))[0]
        assert (around[rows, columns] != before[rows, columns]).any()


def test_every_pixel_counts_and_only_its_own_frame():
    system, params, batch = example(config_of())
    maps = frame_maps(system, params, batch["clip"])
    assert maps.counted.all()
    np.testing.assert_allclose(maps.intensity, batch["clip"][:, 3, ..., 0] / 255, rtol=1e-6)
    clip = batch["clip"].copy()
    clip[:, :3], clip[:, 4:] = 0, 0
    others = frame_maps(system, params, clip)
    jax.tree.map(np.testing.assert_array_equal, others, maps)


def test_the_maps_are_statistics_of_the_predicted_distributions():
    system, params, batch = example(config_of())
    maps, frame = frame_maps(system, params, batch["clip"]), batch["clip"][:1, 3]
    row, column = 20, 7
    logits = {}
    for size in (SMALL, LARGE):
        rows, columns = block_of((row, column), size)
        phase = [(part.start // size) % 2 for part in (rows, columns)]
        tops, lefts = (np.arange(SIDE) // size % 2 == one for one in phase)
        hidden = (tops[:, None] & lefts)[None]
        features, (kernel, bias) = system.network.apply(
            {"params": params}, jnp.asarray(frame / 255.0), jnp.asarray(hidden)
        )
        logits[size] = np.asarray(features[0, row, column] @ kernel[:, 0] + bias[0], np.float64)
    q = {size: np.exp(z - z.max()) / np.exp(z - z.max()).sum() for size, z in logits.items()}
    value, intensity = int(frame[0, row, column, 0]), np.arange(256) / 255
    at = lambda map_BxHxW: map_BxHxW[0, row, column]
    np.testing.assert_allclose(at(maps.value["detail"]), -np.log(q[SMALL][value]), rtol=1e-4)
    np.testing.assert_allclose(at(maps.mean["detail"]), scipy.stats.entropy(q[SMALL]), rtol=1e-4)
    mean = q[LARGE] @ intensity
    np.testing.assert_allclose(at(maps.value["missing"]), mean - value / 255, atol=1e-5)
    np.testing.assert_allclose(at(maps.value["intruding"]), value / 255 - mean, atol=1e-5)
    variance = q[LARGE] @ (intensity - mean) ** 2
    np.testing.assert_allclose(at(maps.variance["missing"]), variance, rtol=1e-4)


def test_frames_of_any_size_are_continued_by_hidden_pixels():
    """A block that reaches beyond the frame says nothing of itself."""
    system, params, _ = example(config_of())
    clip = np.random.default_rng(3).integers(0, 256, (1, 1, SIDE - 3, SIDE - 5, 1), dtype=np.uint8)
    before = frame_maps(system, params, clip, 0)
    assert before.counted.shape == clip.shape[:1] + clip.shape[2:4]
    other = clip.copy()
    other[0, 0, -2:, :3] = 255 - clip[0, 0, -2:, :3]  # of a block whose third row is not there
    after = frame_maps(system, params, other, 0)
    np.testing.assert_array_equal(after.mean["detail"][0, -2:, :3], before.mean["detail"][0, -2:, :3])
    assert (after.mean["detail"][0, -3, :6] != before.mean["detail"][0, -3, :6]).any()


def test_what_a_figure_shows_is_what_is_around_the_first_large_blocks():
    system, _, _ = example(config_of())
    shown = system.shown_in_figures(SIDE, SIDE, ANY_SHIFT)
    assert not shown[:LARGE, :LARGE].any() and shown[LARGE : 2 * LARGE].all()


def test_a_stream_has_the_maps_of_the_sequence():
    system, params, batch = example(config_of())
    state = system.initial_stream(2, SIDE, SIDE)
    step = jax.jit(lambda state, frame: system.stream_step(params, state, frame, ANY_SHIFT))
    offline = maps_of(system, params, batch["clip"], ANY_SHIFT, tuple(range(FRAMES)))
    for number in range(FRAMES):
        state, maps = step(state, batch["clip"][:, number])
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b[:, number], rtol=1e-5, atol=1e-5), maps, offline
        )


def test_the_pixels_of_the_loss_are_hidden_and_all_equally_likely():
    count, size = 40_000, jnp.array([3, 5])
    draw = jax.jit(lambda key: block_inpainting._random_mask(key, 11, 14, size, count))
    for seed in range(4):
        (rows, columns), (row_S, column_S) = draw(jax.random.key(seed))
        hidden = np.asarray(rows[:, None] & columns)
        times = np.zeros(hidden.shape, int)
        np.add.at(times, (np.asarray(row_S), np.asarray(column_S)), 1)
        assert not times[~hidden].any()
        assert scipy.stats.chisquare(times[hidden]).pvalue > 1e-4


def test_the_loss_is_the_mean_surprise_of_hidden_pixels():
    """Against the surprise of every pixel, of blocks of one size under all shifts."""
    system, params, batch = example(config_of(model__unet__hidden_blocks=(4, 4), train__loss_pixels=4096))
    losses = [float(loss_of(system, params, batch, jax.random.key(seed))) for seed in range(60)]
    value = batch["clip"][:, np.array(system.targets)].reshape(-1, SIDE, SIDE, 1)
    surprise = jax.jit(lambda shift: _mean_surprise(system, params, value, shift))
    shifts = [(down, right) for down in range(8) for right in range(8)]
    expected = np.mean([surprise(jnp.array(shift)) for shift in shifts])
    error = np.std(losses) / np.sqrt(len(losses))
    assert abs(np.mean(losses) - expected) < 4 * error


def _mean_surprise(system, params, value_NxHxWx1, shift_2):
    rows, columns = ((np.arange(SIDE) - shift_2[axis]) % 8 < 4 for axis in (0, 1))
    hidden = jnp.broadcast_to(rows[:, None] & columns, value_NxHxWx1.shape[:3])
    features, (kernel, bias) = system.network.apply(
        {"params": params}, jnp.asarray(value_NxHxWx1 / 255.0), hidden
    )
    log_q = jax.nn.log_softmax(features @ kernel[:, 0] + bias[0])
    surprise = -jnp.take_along_axis(log_q, jnp.asarray(value_NxHxWx1, jnp.int32), -1)[..., 0]
    return (surprise * hidden).sum() / hidden.sum()


def test_the_same_batch_and_key_give_the_same_loss():
    system, params, batch = example(config_of())
    one, same, other = (loss_of(system, params, batch, jax.random.key(seed)) for seed in (0, 0, 1))
    assert one == same and one != other
