"""A horizon: which frames a prediction depends on, and that it is the prediction of the next frame else."""

import functools

import jax
import numpy as np
import pytest

from tests.systems.examples import FRAMES, SIDE, example, loss_of, maps_of, of_kind, small_config
from tests.systems.test_stream import SHIFTS, streamed

HORIZON, TARGET = 3, FRAMES - 1
KINDS = {
    "none": 3,
    "correlation": 1 + HORIZON + 1,
    "layers": 1 + HORIZON,
}  # with the context that each needs


def horizon_config(kind, **fields):
    if kind == "layers":
        fields["model__attention__content_frames"] = 2
    fields = {"model__context": KINDS[kind], "train__targets": (TARGET,), **fields}
    return of_kind(kind, model__horizon=HORIZON, **fields)


def changed_one_by_one(clip_TxHxWxC):
    """The clip with each of its frames changed in turn, (T, T, H, W, C)."""
    clips = np.repeat(clip_TxHxWxC[None], FRAMES, axis=0)
    clips[range(FRAMES), range(FRAMES)] = 255 - clips[range(FRAMES), range(FRAMES)]
    return clips


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_prediction_depends_on_the_frames_before_the_horizon_and_on_shown_pixels(kind, masked):
    config = horizon_config(kind, model__use_masked_frame=masked)
    system, params, batch = example(config)
    clips = np.concatenate([batch["clip"][:1], changed_one_by_one(batch["clip"][0])])
    maps = maps_of(system, params, clips, SHIFTS, (TARGET,))
    entropy = np.asarray(maps.mean["nll"])  # of the predictions: not of what is there
    depends = [frame for frame in range(FRAMES) if (entropy[0] != entropy[1 + frame]).any()]
    assert depends == [*range(TARGET - HORIZON + 1), *([TARGET] if masked else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_does_not_know_the_frames_within_the_horizon(kind):
    system, params, batch = example(horizon_config(kind))
    clips, key = changed_one_by_one(batch["clip"][0]), jax.random.key(0)
    loss = lambda clip: float(loss_of(system, params, {**batch, "clip": np.stack([clip, clip])}, key))
    losses = [loss(clip) for clip in clips]
    whole = loss(batch["clip"][0])
    assert [frame for frame in range(FRAMES) if losses[frame] == whole] == [TARGET - 2, TARGET - 1]


def test_it_is_the_prediction_of_the_next_frame_without_the_frames_between():
    """Without attention the distance in time is nowhere but in the choice of frames."""
    system, params, batch = example(horizon_config("none"))
    following, _, _ = example(small_config(train__targets=(TARGET,)))
    clip = batch["clip"]
    maps = maps_of(system, params, clip, SHIFTS, (TARGET,))
    without = np.delete(clip, range(TARGET - HORIZON + 1, TARGET), axis=1)
    others = maps_of(following, params, without, SHIFTS, (without.shape[1] - 1,))
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), maps, others)


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_a_stream_has_the_maps_of_the_whole_sequence(kind):
    system, params, batch = example(horizon_config(kind))
    first = KINDS[kind] + HORIZON - 1
    assert system.first_frame == first
    offline = maps_of(system, params, batch["clip"], SHIFTS, tuple(range(first, FRAMES)))
    results = streamed(system, params, batch["clip"])
    assert [bool(np.asarray(maps.counted).any()) for _, maps in results] == [
        frame >= first for frame in range(FRAMES)
    ]
    for place, (_, maps) in enumerate(results[first:]):
        expected = jax.tree.map(lambda x: x[:, place], offline)
        jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5), maps, expected)


def test_a_carried_loss_is_that_of_the_whole_sequence():
    """The memory that is carried knows the frames that the last target was not predicted from."""
    system, params, batch = example(horizon_config("none", train__loss_pixels=0))
    longer = example(horizon_config("none", data__frames=15, train__targets=(14,)))
    whole, loss = longer[2]["clip"], jax.jit(system.carried_loss)
    first = {**batch, "clip": whole[:, :8], "continues": np.zeros(2, bool)}
    _, state = loss(params, system.initial_carried(2, SIDE, SIDE), first, jax.random.key(0))
    second = {**batch, "clip": whole[:, 7:], "continues": np.ones(2, bool)}
    got, _ = loss(params, state, second, jax.random.key(0))
    expected = []
    for row in range(2):
        maps = maps_of(system, params, whole[row : row + 1], batch["shift"][row, TARGET][None], (14,))
        expected.append(np.asarray(maps.value["nll"])[np.asarray(maps.counted)].mean())
    np.testing.assert_allclose(got, np.mean(expected), rtol=1e-5)
