"""The kinds of convolution attention against a loop over samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.ops.test_motion_layers import by_true_tracks, scene
from tests.tiny import randomised, tiny_config
from vpn_anomaly import catalogue
from vpn_anomaly.models.attention.correlation import CorrelationAttention
from vpn_anomaly.models.attention.depthwise import DepthwiseAttention
from vpn_anomaly.models.attention.full import FullAttention
from vpn_anomaly.models.attention.layers import EVIDENCE_WINDOWS, LayersAttention
from vpn_anomaly.models.attention.none import NoAttention

BATCH, CONTEXT, SIDE, CHANNELS = 3, 2, 5, 4
CONTEXT_OUTPUTS = np.random.default_rng(1).normal(size=(BATCH, CONTEXT, SIDE, SIDE, CHANNELS)).astype("f")


def random_params(attention, *inputs, scale=0.2):
    return randomised(jax.eval_shape(attention.init, jax.random.key(0), *inputs), scale)


def code(params, sample):
    """The meta-network's code of one sample, from means and spreads over space."""
    x = np.asarray(sample)
    statistics = [[frame.mean((0, 1)), np.sqrt(frame.var((0, 1)) + 1e-6)] for frame in x]
    dense = params["meta"]
    flat = np.array(statistics).reshape(-1)
    return np.maximum(flat @ dense["kernel"] + dense["bias"], 0)


def filters(params, sample):
    """The filter of one sample: the transposed convolution of a 1×1 code, (k, k, F).

    Flax turns the kernel of a transposed convolution around.
    """
    deconvolution = params["FilterDeconvolution_0"]["ConvTranspose_0"]
    kernel = np.asarray(deconvolution["kernel"])[::-1, ::-1]
    return np.einsum("d,ijdf->ijf", code(params, sample), kernel) + np.asarray(deconvolution["bias"])


def convolved(frames_KxHxWxC, filter_kxkxKxCxO):
    """An explicit convolution of one sample with zero padding."""
    padded = np.pad(frames_KxHxWxC, ((0, 0), (1, 1), (1, 1), (0, 0)))
    out = np.zeros((SIDE, SIDE, filter_kxkxKxCxO.shape[-1]))
    for row in range(SIDE):
        for column in range(SIDE):
            patch = padded[:, row : row + 3, column : column + 3]
            out[row, column] = np.einsum("kijc,ijkco->o", patch, filter_kxkxKxCxO)
    return out


@pytest.mark.parametrize(
    "attention", [FullAttention(3, 6), FullAttention(3, 6, bottleneck=2), DepthwiseAttention(3, 6)]
)
def test_it_starts_as_the_last_output_untouched(attention):
    params = jax.jit(attention.init)(jax.random.key(1), CONTEXT_OUTPUTS, None, None, None)
    if getattr(attention, "bottleneck", 0):
        params["params"]["up"]["bias"] = jnp.zeros(CHANNELS)
    attended, moved = jax.jit(attention.apply)(params, CONTEXT_OUTPUTS, None, None, None)
    np.testing.assert_array_equal(attended, CONTEXT_OUTPUTS[:, -1])
    assert moved is None


def test_full_attention_is_one_dense_filter_a_sample():
    attention = FullAttention(3, 6)
    params = random_params(attention, CONTEXT_OUTPUTS, None, None, None)
    attended, _ = jax.jit(attention.apply)(params, CONTEXT_OUTPUTS, None, None, None)
    for sample, got in zip(CONTEXT_OUTPUTS, attended):
        dense = filters(params["params"], sample).reshape(3, 3, CONTEXT, CHANNELS, CHANNELS)
        np.testing.assert_allclose(got, sample[-1] + convolved(sample, dense), atol=1e-4)


def test_depthwise_attention_is_one_filter_a_sample_and_channel():
    attention = DepthwiseAttention(3, 6)
    params = random_params(attention, CONTEXT_OUTPUTS, None, None, None)
    attended, _ = jax.jit(attention.apply)(params, CONTEXT_OUTPUTS, None, None, None)
    for sample, got in zip(CONTEXT_OUTPUTS, attended):
        a_channel = filters(params["params"], sample).reshape(3, 3, CONTEXT, CHANNELS)
        dense = a_channel[..., None] * np.eye(CHANNELS)
        np.testing.assert_allclose(got, sample[-1] + convolved(sample, dense), atol=1e-4)


def test_no_attention_is_the_last_output():
    attended, moved = NoAttention().apply({}, CONTEXT_OUTPUTS, None, None, None)
    np.testing.assert_array_equal(attended, CONTEXT_OUTPUTS[:, -1])
    assert moved is None


@pytest.mark.parametrize("row", catalogue.ATTENTIONS, ids=lambda row: row.name)
def test_every_kind_has_the_channels_and_the_multiple_that_it_says(row):
    fields = tiny_config({"model.attention.content_frames": 2}).model.attention
    attention = row.builder()(fields, 1, jnp.float32)
    side = 4 * attention.size_multiple
    context, frames = jnp.zeros((2, 4, side // 4, side // 4, 3)), jnp.zeros((2, 4, side, side, 3))
    inputs = (context, frames, frames[:, 0], jnp.zeros((2, side, side), bool))
    (attended, moved), _ = jax.eval_shape(attention.init_with_output, jax.random.key(0), *inputs)
    assert attended.shape == (*context.shape[:1], *context.shape[2:4], 3 + attention.evidence_channels(True))
    channels = attention.warped_channels(3)
    assert (moved is None) == (channels == 0)
    assert moved is None or moved.shape == (2, side, side, channels)


def moving_square(step):
    """A textured square of 12 pixels that moves by `step` a frame; (1, 7, 32, 32, 1)."""
    square = np.random.default_rng(0).uniform(0.3, 1, (12, 12))
    clip = np.zeros((1, 7, 32, 32, 1), np.float32)
    for t in range(7):
        top, left = 6 + step[0] * t, 8 + step[1] * t
        clip[0, t, top : top + 12, left : left + 12, 0] = square
    return clip


@pytest.mark.parametrize("with_shown", [True, False])
@pytest.mark.parametrize("content_frames, horizon", [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_correlation_moves_the_last_frames_on(with_shown, content_frames, horizon):
    clip, seen = moving_square((2, -1)), 3 + horizon
    target = seen - 1 + horizon
    shown = np.zeros((1, 32, 32), bool)
    shown[:, ::4, ::5] = True
    masked = clip[:, target] * shown[..., None]
    context = jnp.zeros((1, seen, 8, 8, 2))
    attention = CorrelationAttention(
        heads=1,
        windows=(3,),
        radius=2 * horizon,
        cell=4,
        meta_channels=4,
        content_frames=content_frames,
        horizon=horizon,
    )
    given = (masked, shown) if with_shown else (None, None)
    params = jax.jit(attention.init)(jax.random.key(0), context, clip[:, :seen], *given)["params"]
    for name in ("log_beta", "back_2_log_beta")[:content_frames]:
        params[name] = jnp.full_like(params[name], 4.0)
    _, moved = jax.jit(attention.apply)({"params": params}, context, clip[:, :seen], *given)
    top, left = 8 + 2 * target, 10 - target
    inside = (slice(None), slice(top, top + 8), slice(left, left + 8))
    for number in range(content_frames):
        np.testing.assert_allclose(moved[inside][..., number], clip[:, target][inside][..., 0], atol=1e-2)


def layers_attention(**fields):
    sizes = dict(
        layers=2, windows=(5, 5), radius=4, cell=4, meta_channels=4, content_frames=1, tolerance=0.02
    )
    return LayersAttention(**(sizes | fields))


@pytest.mark.parametrize("seeing", ["shown pixels", "a frame withheld", "no masked frame"])
@pytest.mark.parametrize("content_frames, horizon", [(3, 1), (2, 2)])
def test_layers_move_the_last_frames_on(seeing, content_frames, horizon):
    clip, seen = moving_square((2, -1)), 4
    target = seen - 1 + horizon
    shown = np.zeros((1, 32, 32), bool)
    shown[:, ::4, ::5] = seeing == "shown pixels"
    given = (None, None) if seeing == "no masked frame" else (clip[:, target] * shown[..., None], shown)
    context = jnp.zeros((1, seen, 8, 8, 2))
    attention = layers_attention(content_frames=content_frames, horizon=horizon)
    params = jax.jit(attention.init)(jax.random.key(0), context, clip[:, :seen], *given)["params"]
    params["log_beta"] = jnp.full_like(params["log_beta"], 4.0)
    attended, moved = jax.jit(attention.apply)({"params": params}, context, clip[:, :seen], *given)
    top, left = 8 + 2 * target, 10 - target
    inside = (0, slice(top, top + 8), slice(left, left + 8))
    for depth in range(len(attention.depths)):
        maximum = moved[inside][..., 3 * depth + 2]  # of two layers
        np.testing.assert_allclose(maximum, clip[:, target][inside][..., 0], atol=1e-2)
    assert attended.shape[-1] == 2 + attention.evidence_channels(given[1] is not None)


def test_what_others_covered_comes_from_the_frame_that_showed_it():
    """Two glyphs that cross, against the renderer: least along tracks, maximum of layers."""
    frames, _, _ = scene()
    clip = frames[None, ..., None]
    shown = np.random.default_rng(0).uniform(size=(1, 64, 64)) < 0.1
    context = jnp.zeros((1, 4, 16, 16, 2))
    attention = layers_attention(content_frames=4, windows=(13, 7))
    inputs = (context, clip[:, :4], clip[:, 4] * shown[..., None], shown)
    params = jax.jit(attention.init)(jax.random.key(0), *inputs)["params"]
    params["log_beta"] = jnp.full_like(params["log_beta"], 4.0)
    _, moved = jax.jit(attention.apply)({"params": params}, *inputs)
    maxima = np.asarray(moved)[0].reshape(64, 64, len(attention.depths), 3)[..., 2]
    for depth, of_depth in zip(attention.depths, np.moveaxis(maxima, -1, 0)):
        can_be_known = by_true_tracks(depth) == frames[4]
        assert (np.abs(of_depth - frames[4]) < 1e-2)[can_be_known].mean() > 0.92


def test_evidence_counts_the_shown_pixels_that_a_moved_frame_does_not_explain():
    clip = moving_square((1, 1))
    shown = np.random.default_rng(0).uniform(size=(1, 32, 32)) < 0.3
    context = jnp.zeros((1, 3, 8, 8, 2))
    attention = layers_attention(content_frames=2, tolerance=0.05)
    (attended, moved), _ = jax.jit(attention.init_with_output)(
        jax.random.key(0), context, clip[:, :3], clip[:, 3] * shown[..., None], shown
    )
    wrong = shown[0, ..., None] * np.minimum(((np.asarray(moved[0]) - clip[0, 3]) / 0.05) ** 2, 1)
    count = wrong.shape[-1]
    for number, window in enumerate(EVIDENCE_WINDOWS):
        evidence = np.asarray(attended)[0, ..., 2 + number * count : 2 + (number + 1) * count]
        for row, column in ((0, 0), (3, 4), (7, 2)):
            rows, columns = (
                slice(max(0, 4 * (place - window // 2)), 4 * (place + window // 2 + 1))
                for place in (row, column)
            )
            np.testing.assert_allclose(evidence[row, column], wrong[rows, columns].sum((0, 1)), atol=1e-3)


def test_a_layer_is_darkest_along_its_track_and_layers_are_composed_by_maximum():
    clip = np.random.default_rng(0).uniform(size=(2, 5, 16, 16, 1)).astype(np.float32)
    context = jnp.zeros((2, 5, 4, 4, 2))
    attention = layers_attention(content_frames=4, layers=3)
    (_, moved), _ = jax.jit(attention.init_with_output)(jax.random.key(0), context, clip, None, None)
    assert attention.depths == (1, 2, 4)
    by_depth = np.asarray(moved).reshape(2, 16, 16, 3, 6)
    for number, pair in enumerate([[0, 1], [0, 2], [1, 2]]):
        np.testing.assert_array_equal(by_depth[..., 3 + number], by_depth[..., pair].max(-1))
    assert (np.diff(by_depth[..., :3], axis=3) <= 0).all() and (np.diff(by_depth[..., :3], axis=3) < 0).any()


def test_correlation_heads_are_weighted_means_of_moved_frames():
    frames = jnp.full((2, 3, 16, 16, 3), 0.5)
    context = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 2)).astype(np.float32)
    attention = CorrelationAttention(heads=2, windows=(1, 3), radius=2, cell=4, meta_channels=4)
    params = random_params(attention, context, frames, None, None, scale=1.0)
    _, moved = jax.jit(attention.apply)(params, context, frames, None, None)
    assert moved.shape == (2, 16, 16, 6)
    np.testing.assert_allclose(moved[:, 2:-2, 2:-2], 0.5, atol=1e-5)
