"""What every system says of itself is what it does."""

import jax
import numpy as np
import pytest

from tests.systems.examples import SIDE, small_config
from tests.tiny import FRAMES
from vpn_anomaly.catalogue import SYSTEMS
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.errors import UserError
from vpn_anomaly.systems.build import build_system

CLIP = jax.ShapeDtypeStruct((1, FRAMES, SIDE, SIDE, 1), np.uint8)
SHIFTS = fixed_shifts(3, (4, 5))


def system_and_shapes(row):
    system = build_system(small_config(system=row.name))
    return system, jax.eval_shape(system.init, jax.random.key(0), CLIP)


def names(maps):
    extra = {"mean": maps.mean, "variance": maps.variance}
    return {*maps.value, *(f"{name}.{part}" for part, given in extra.items() for name in given)}


@pytest.mark.parametrize("row", SYSTEMS, ids=lambda row: row.name)
def test_statistics_are_those_of_the_maps(row):
    system, params = system_and_shapes(row)
    assert system.about is row
    last = FRAMES - 1
    maps = jax.eval_shape(lambda p, clip: system.maps(p, clip, SHIFTS, (last,)), params, CLIP)
    assert system.statistics() == names(maps)


@pytest.mark.parametrize("tail", [True, False])
@pytest.mark.parametrize("row", [row for row in SYSTEMS if row.streams], ids=lambda row: row.name)
def test_statistics_are_those_of_a_stream(row, tail):
    system, params = system_and_shapes(row)
    state = jax.eval_shape(lambda: system.initial_stream(1, SIDE, SIDE))
    frame = jax.ShapeDtypeStruct((1, SIDE, SIDE, 1), np.uint8)
    step = lambda p, state, frame: system.stream_step(p, state, frame, SHIFTS, tail)
    _, maps = jax.eval_shape(step, params, state, frame)
    assert system.statistics(tail) == names(maps)


@pytest.mark.parametrize("row", SYSTEMS, ids=lambda row: row.name)
def test_a_row_says_what_a_system_can(row):
    system = build_system(small_config(system=row.name))
    for can, ask, error in (
        (row.streams, lambda: system.initial_stream(1, SIDE, SIDE), UserError),
        (row.carries, lambda: system.initial_carried(1, SIDE, SIDE), NotImplementedError),
    ):
        if can:
            ask()
        else:
            with pytest.raises(error, match=row.name):
                ask()


@pytest.mark.parametrize("row", SYSTEMS, ids=lambda row: row.name)
def test_shown_is_what_no_mask_hides(row):
    """A pixel that counts is hidden by at least one of the masks."""
    system, params = system_and_shapes(row)
    zeros = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), params)
    clip = np.zeros(CLIP.shape, np.uint8)
    same = np.repeat(SHIFTS[:1], 2, axis=0)  # two masks that show the same pixels
    shown_MxHxW = system.shown(SIDE, SIDE, same)
    assert shown_MxHxW.dtype == bool and shown_MxHxW.shape[1:] == (SIDE, SIDE)
    counted = jax.jit(lambda p, clip: system.maps(p, clip, same, (FRAMES - 1,)).counted)(zeros, clip)
    np.testing.assert_array_equal(counted[0, 0], ~shown_MxHxW.all(0))
    assert system.shown_in_figures(SIDE, SIDE, same).shape == (SIDE, SIDE)
