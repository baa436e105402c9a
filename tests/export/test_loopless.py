"""Functions without loops and calls give what they gave with them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend.core import Literal, jaxpr_as_fun

from tests import tiny
from vpn_anomaly.export.loopless import loopless, without_large_constants
from vpn_anomaly.export.programs import FRAMES, stream_program
from vpn_anomaly.ops.platform import traced_for
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.build import build_system

LEFT_OUT = {
    "scan",
    "jit",
    "pjit",
    "custom_vjp_call",
    "custom_jvp_call",
    "checkpoint",
    "while",
    "dynamic_slice",
}


def running_sums(x_NxM):
    """Sums from the end, and at each place the last one before it."""
    last, sums = lax.scan(lambda total, x: (total + x, total), jnp.zeros(x_NxM.shape[1]), x_NxM, reverse=True)
    return last, sums


def by_turn(x_NxM):
    """Of each row the numbers from its own index on, twice."""
    of_row = lambda args: 2 * lax.dynamic_slice(args[1], (args[0],), (2,))
    return lax.map(of_row, (jnp.arange(len(x_NxM)), x_NxM))


def gathered(x_NxM):
    """Rows by known numbers, among them one that lies outside."""
    return jnp.asarray(x_NxM).at[np.array([[2, 0], [1, 9]])].get(mode="clip")


def window_sums(x_NxM):
    """Of windows of two rows and three columns, beyond the border zero."""
    return lax.reduce_window(x_NxM, 0.0, lax.add, (2, 3), (1, 1), ((1, 0), (1, 1)))


@pytest.mark.parametrize("function", [running_sums, by_turn, gathered, window_sums, jax.jit(running_sums)])
def test_functions_without_loops_are_the_same(function):
    x_NxM = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    plain = loopless(jax.make_jaxpr(function)(x_NxM))
    assert not LEFT_OUT & {equation.primitive.name for equation in plain.eqns}
    found = jax.jit(jaxpr_as_fun(plain))(x_NxM)
    for one, other in zip(found, jax.tree.leaves(function(x_NxM)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_by_turn_is_what_numpy_slices():
    x_NxM = np.arange(15, dtype=np.float32).reshape(3, 5)
    (found,) = jaxpr_as_fun(loopless(jax.make_jaxpr(by_turn)(x_NxM)))(x_NxM)
    np.testing.assert_array_equal(found, [2 * row[number : number + 2] for number, row in enumerate(x_NxM)])


def test_a_streaming_step_without_loops_is_the_same():
    config = tiny.tiny_config()
    system = build_system(config)
    scorer = StreamScorer(system, tiny.random_params(config, system), np.array([[0, 0], [2, 2]]), 32, 32)
    program = stream_program(scorer, 1)
    with traced_for("graph"):
        function = lambda *arrays: program.function(program.weights, *arrays)
        traced = jax.make_jaxpr(function)(*program.inputs.values())
    assert "scan" in str(traced)
    plain = loopless(traced)
    assert not LEFT_OUT & {equation.primitive.name for equation in plain.eqns}
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(0, 1, of.shape).astype(of.dtype) for of in program.inputs.values()]
    inputs[0] = rng.integers(0, 256, program.inputs[FRAMES].shape, np.uint8)
    inputs[-1] = np.int32(9)  # frames seen
    found, wanted = jax.jit(jaxpr_as_fun(plain))(*inputs), jax.jit(program.function)(program.weights, *inputs)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_large_constants_are_not_written_out():
    function = lambda frames: (frames + jnp.full((9000,), 3, jnp.uint8), jnp.full((9000,), -jnp.inf))
    frames = np.arange(9000, dtype=np.uint8)
    traced = jax.make_jaxpr(function)(frames)
    kept = without_large_constants(traced)
    repeated = [of.invars[0] for of in kept.eqns if of.primitive is lax.broadcast_in_dim_p]
    assert len(repeated) == 2 and not any(isinstance(of, Literal) for of in repeated)
    for found, wanted in zip(jaxpr_as_fun(kept)(frames), function(frames), strict=True):
        np.testing.assert_array_equal(found, wanted)
