"""What is unusual in a made world, and where; streams, sizes, and what a clip's own exemplars hide."""

import functools

import jax
import numpy as np
import pytest

from tests.systems.normal_world import (
    CELL,
    FRAMES,
    GAP,
    HALF_HEIGHT,
    HEIGHT,
    ROW,
    WIDTH,
    clip,
    fitted,
    maps_of,
    normal_clips,
    system,
)
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.systems.normal_cells import GROUPS, WINDOW

ALL_FRAMES = tuple(range(FRAMES))
SHIFTS = np.array([[0, 0]])
scores_of = jax.jit(frame_scores)


def seen(frames_TxHxWx1, params=None):
    """The maps of all frames of a clip, and their scores."""
    maps = maps_of(system(), params or fitted(), frames_TxHxWx1[None], ALL_FRAMES)
    return jax.device_get((jax.tree.map(lambda x: x[0], maps), jax.tree.map(lambda x: x[0], scores_of(maps))))


@pytest.fixture(scope="module")
def highest():
    """The highest score of normal clips that nothing was fitted to, by name."""
    of_clips = [seen(clip(seed))[1] for seed in (50, 51, 52)]
    return {name: max(np.nanmax(scores[name]) for scores in of_clips) for name in GROUPS}


@pytest.mark.parametrize(
    "name, unusual",
    [
        ("speed", dict(speed=2.0)),
        ("direction", dict(right=False)),
        ("presence", dict(row=HEIGHT - 10.0)),
        ("change", dict(speed=2.0)),
        ("appearance", dict(level=190.0)),
    ],
)
def test_what_is_unusual_scores_above_all_that_is_normal(highest, name, unusual):
    made = {"seed": 60, "speed": 1.0, **unusual}
    maps, scores = seen(clip(**made))
    there = slice(8, 17)  # frames with the whole thing in the picture
    assert (scores[name][there] > highest[name]).mean() > 0.8
    assert np.median(scores[name][there]) > highest[name] + 1
    for frame in range(FRAMES)[there]:
        if scores[name][frame] > highest[name]:
            row, column = np.unravel_index(maps.value[name][frame].argmax(), (HEIGHT, WIDTH))
            start = 6 + made["speed"] * frame
            middle = start if made.get("right", True) else WIDTH - start
            reach = 1.5 * WINDOW * CELL + 4  # of half a window and half a thing, and what walks differ by
            assert abs(row - made.get("row", ROW)) < reach and abs(column - middle) < reach


def test_where_nothing_is_there_is_no_surprise():
    maps, _ = seen(clip(70))
    lowest = ROW + 1 + HALF_HEIGHT + WINDOW * CELL / 2 + 2 * CELL  # of windows that touch the thing
    below = maps.value["novelty"][GAP:, int(lowest) :]
    assert below.size and not below.any()


def test_novelty_is_the_sum_of_all_ways():
    maps, _ = seen(clip(71))
    total = sum(maps.value[name] for name in GROUPS)
    np.testing.assert_allclose(maps.value["novelty"], total, rtol=1e-5, atol=1e-5)
    assert total.max() > 1


def test_surprise_is_the_mean_of_four_cells_whose_middle_is_nearest():
    cells = np.random.default_rng(0).random((1, 10, 12)).astype(np.float32)
    found = np.asarray(system()._at_pixels(cells, HEIGHT, WIDTH))[0]
    middles = [[CELL * (number + 1) for number in range(count - 1)] for count in cells.shape[1:]]
    for row, column in np.ndindex(HEIGHT, WIDTH):
        nearest = [
            min(range(len(of)), key=lambda number: abs(of[number] - (at + 0.5)))
            for of, at in zip(middles, (row, column))
        ]
        four = cells[0, nearest[0] : nearest[0] + 2, nearest[1] : nearest[1] + 2]
        assert found[row, column] == pytest.approx(four.mean(), rel=1e-5)


def test_a_stream_has_the_maps_of_the_clip():
    frames = clip(72)
    offline, _ = seen(frames)
    step = jax.jit(functools.partial(system().stream_step, fitted()))
    state = system().initial_stream(1, HEIGHT, WIDTH)
    shapes = jax.tree.map(np.shape, state)
    for number in range(14):
        state, maps = step(state, frames[number][None], SHIFTS)
        assert maps.counted.all() == maps.counted.any() == (number >= GAP)
        if number >= GAP:
            jax.tree.map(
                lambda found, expected: np.testing.assert_allclose(
                    found[0], expected[number], rtol=1e-3, atol=1e-3
                ),
                maps,
                offline,
            )
    assert jax.tree.map(np.shape, state) == shapes
    assert not offline.counted[:GAP].any() and offline.counted[GAP:].all()


def test_frames_are_continued_to_whole_cells_by_their_border():
    frames, last = clip(73), 5
    whole = np.pad(frames[: last + 1], ((0, 0), (0, -HEIGHT % CELL), (0, -WIDTH % CELL), (0, 0)), mode="edge")
    of_whole = maps_of(system(), fitted(), whole[None], (last,))
    for name in GROUPS:
        found, expected = seen(frames)[0].value[name][last], of_whole.value[name][0, 0, :HEIGHT, :WIDTH]
        assert found.shape == (HEIGHT, WIDTH)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_without_its_own_exemplars_a_clip_is_more_surprising():
    """One of the clips is the only one in which something walks back."""
    odd = clip(80, right=False)
    params = system().fit([*normal_clips()[:3], odd])
    with_it = seen(odd, params)[1]["direction"]
    without_it = seen(odd, system().without(params, 3))[1]["direction"]
    without_another = seen(odd, system().without(params, 0))[1]["direction"]
    there = slice(8, 17)
    assert np.median(without_it[there]) > np.median(with_it[there]) + 1
    np.testing.assert_allclose(np.median(without_another[there]), np.median(with_it[there]), atol=1)


def test_nothing_is_masked_and_steps_train_nothing():
    assert not system().shown(HEIGHT, WIDTH, SHIFTS).any()
    with pytest.raises(NotImplementedError, match="fitted"):
        system().loss(fitted(), {}, None)
