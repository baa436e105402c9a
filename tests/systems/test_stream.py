"""A stream, frame by frame, against maps of the whole sequence."""

import functools

import jax
import numpy as np
import pytest

from tests.systems.examples import FRAMES, SIDE, example, maps_of, of_kind, small_config
from vpn_anomaly.scoring.scores import frame_scores

SHIFTS = np.array([[0, 0], [2, 3]])


@functools.partial(jax.jit, static_argnames="system")
def next_maps(system, params, state, frame_BxHxWxC):
    return system.stream_step(params, state, frame_BxHxWxC, SHIFTS)


def streamed(system, params, clip_BxTxHxWxC):
    """The state after every frame, and its maps."""
    batch, frames, height, width, _ = clip_BxTxHxWxC.shape
    state, results = system.initial_stream(batch, height, width), []
    for frame in range(frames):
        state, maps = next_maps(system, params, state, clip_BxTxHxWxC[:, frame])
        results.append((state, maps))
    return results


@pytest.mark.parametrize(
    "kind, dropout", [("correlation", 0.0), ("layers", 0.0), ("full", 0.0), ("none", 0.5)]
)
def test_every_frame_has_the_maps_of_the_whole_sequence(kind, dropout):
    config = of_kind(kind, train__mask_dropout=dropout)
    system, params, batch = example(config)
    scored = tuple(range(system.first_frame, FRAMES))
    offline = maps_of(system, params, batch["clip"], SHIFTS, scored)
    results = streamed(system, params, batch["clip"])
    for place, frame in enumerate(scored):
        expected = jax.tree.map(lambda x: x[:, place], offline)
        jax.tree.map(
            functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5),
            results[frame][1],
            expected,
        )


def test_the_first_frames_have_no_score():
    system, params, batch = example(small_config())
    results, scores = streamed(system, params, batch["clip"]), jax.jit(frame_scores)
    defined = [np.isfinite(scores(maps)["mean_nll"]).all() for _, maps in results]
    assert defined == [False] * system.first_frame + [True] * (FRAMES - system.first_frame)
    assert not any(np.asarray(maps.counted).any() for _, maps in results[: system.first_frame])


def test_the_state_does_not_grow_and_forgets_nothing_that_offline_remembers():
    system, params, batch = example(small_config())
    other = batch["clip"].copy()
    other[:, 0] = 0  # before the context of the last frame: only the ConvLSTM knows it
    (state, maps), (_, others) = (streamed(system, params, clip)[-1] for clip in (batch["clip"], other))
    start = system.initial_stream(2, SIDE, SIDE)
    assert jax.tree.map(np.shape, state) == jax.tree.map(np.shape, start)
    assert jax.tree.map(lambda x: x.dtype, state) == jax.tree.map(lambda x: x.dtype, start)
    assert (np.asarray(maps.value["nll"]) != np.asarray(others.value["nll"])).any()
