"""Training with and without the masked frame, and the joint surprise, against the chain rule written out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems.examples import SIDE, example, loss_of, maps_of, of_kind, small_config
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.systems.past_alone import JOINT, OF_SHOWN, withhold

LATTICE, LAST = (4, 5), 7
SHIFTS = np.array([[0, 0], [2, 3], [1, 1]])


@pytest.fixture(scope="module")
def dropped():
    """A system with masks dropped, its parameters, a batch."""
    return example(small_config(train__mask_dropout=0.5, train__loss_pixels=0))


@functools.partial(jax.jit, static_argnames=("system", "frame"))
def surprise(system, params, clip, shown_BxHxW, frame):
    """−log q of every pixel of a frame, (B, H, W), of the whole 256-way softmax."""
    frames = clip.astype(jnp.float32) / 255
    (features, _), (kernel, bias) = system.network.apply(
        {"params": params}, frames[:, :frame], frames[:, frame], shown_BxHxW
    )
    logits = jnp.einsum("bhwd,dcv->bhwcv", features, kernel) + bias
    log_q = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_q, clip[:, frame][..., None].astype(int), axis=-1)[..., 0].mean(-1)


def of_masks(system, params, clip, frame=LAST):
    """What every mask shows, (M, H, W); −log q under it, (M, B, H, W); and by the past alone, (B, H, W)."""
    shown_MxHxW = shown(SIDE, SIDE, SHIFTS, LATTICE)
    repeated = lambda shown_HxW: np.repeat(shown_HxW[None], len(clip), 0)
    masked = [surprise(system, params, clip, repeated(one), frame) for one in shown_MxHxW]
    past = surprise(system, params, clip, repeated(np.zeros((SIDE, SIDE), bool)), frame)
    return shown_MxHxW, np.stack(masked), np.asarray(past)


def test_the_joint_surprise_is_the_chain_rule(dropped):
    system, params, batch = dropped
    shown_MxHxW, masked, past = of_masks(system, params, batch["clip"])
    joint, of_shown = [], []
    for shown_HxW, surprise_BxHxW in zip(shown_MxHxW, masked):
        first = np.where(shown_HxW, past, 0).sum((1, 2))
        second = np.where(shown_HxW, 0, surprise_BxHxW).sum((1, 2))
        joint.append((first + second) / SIDE**2)
        of_shown.append(first / SIDE**2)
    maps = maps_of(system, params, batch["clip"], SHIFTS, (LAST,))
    np.testing.assert_allclose(maps.value[JOINT].mean((2, 3))[:, 0], np.mean(joint, 0), rtol=1e-4)
    np.testing.assert_allclose(maps.value[OF_SHOWN].mean((2, 3))[:, 0], np.mean(of_shown, 0), rtol=1e-4)


def test_a_pixel_that_every_mask_shows_has_the_surprise_of_the_past(dropped):
    system, params, batch = dropped
    maps = maps_of(system, params, batch["clip"], SHIFTS[:1], (LAST,))
    shown_MxHxW, masked, past = of_masks(system, params, batch["clip"])
    expected = np.where(shown_MxHxW[0], past, masked[0])
    np.testing.assert_allclose(maps.value[JOINT][:, 0], expected, rtol=1e-4)
    np.testing.assert_array_equal(maps.counted[:, 0], np.broadcast_to(~shown_MxHxW[0], past.shape))


def test_what_is_withheld_is_whole_targets_at_random():
    shown_BxGxHxW = np.ones((2000, 3, 2, 2), bool)
    index, key = np.arange(2000), jax.random.key(1)
    kept = np.asarray(withhold(shown_BxGxHxW, 0.3, key, index))
    assert (kept.all((2, 3)) | ~kept.any((2, 3))).all()
    assert 0.26 < 1 - kept.mean() < 0.34
    assert len(np.unique(kept[:, :, 0, 0], axis=0)) == 8  # targets of a sequence are drawn apart
    alone = withhold(shown_BxGxHxW[7:9], 0.3, key, index[7:9])
    np.testing.assert_array_equal(alone, kept[7:9])
    assert (np.asarray(withhold(shown_BxGxHxW, 0.3, jax.random.key(2), index)) != kept).any()
    assert withhold(shown_BxGxHxW, 0.0, key, index) is shown_BxGxHxW


def test_the_loss_is_over_hidden_pixels_and_over_all_of_those_withheld(dropped):
    system, params, batch = dropped
    key = jax.random.key(5)
    frames = [4, LAST]
    shown_BxGxHxW = shown(SIDE, SIDE, batch["shift"][:, frames], LATTICE)
    kept = np.asarray(withhold(shown_BxGxHxW, 0.5, key, batch["index"]))
    assert 0 < kept.any((2, 3)).sum() < kept[..., 0, 0].size  # some are withheld, some are not
    losses = []
    for place, frame in enumerate(frames):
        surprise_BxHxW = np.asarray(surprise(system, params, batch["clip"], kept[:, place], frame))
        losses += [one[~hide].mean() for one, hide in zip(surprise_BxHxW, kept[:, place])]
    np.testing.assert_allclose(loss_of(system, params, batch, key), np.mean(losses), rtol=1e-4)


@pytest.mark.parametrize("kind", ["correlation", "layers", "none"])
def test_no_pixel_of_a_withheld_frame_is_read(kind):
    system, params, batch = example(of_kind(kind, train__mask_dropout=0.5))
    nothing = np.zeros((2, SIDE, SIDE), bool)
    frames = batch["clip"].astype(np.float32) / 255
    read = jax.jit(lambda last: system.network.apply({"params": params}, frames[:, :-1], last, nothing)[0][0])
    np.testing.assert_array_equal(read(frames[:, -1]), read(1 - frames[:, -1]))


def test_without_dropout_there_is_no_joint_surprise():
    system, params, batch = example(small_config())
    assert not {JOINT, OF_SHOWN} & maps_of(system, params, batch["clip"], SHIFTS, (LAST,)).value.keys()
    assert not {JOINT, OF_SHOWN} & system.statistics()
