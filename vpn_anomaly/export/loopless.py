"""A traced function without loops and calls: what a converter of graphs gets, which knows neither well.

A loop that carries nothing (`lax.map`) is computed for all turns at once; another is repeated turn by turn. What
does not depend on the inputs is computed here, unless it is large.
"""

import contextlib
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

_STARTS = 64  # slices, up to which these are made one by one
_LARGE = 4096  # numbers: larger constants are left to the graph, as they would be most of its file
_INNER = ("jaxpr", "call_jaxpr")  # the parameters of calls (jit, custom_vjp, checkpoint, …) with their bodies


def loopless(traced: ClosedJaxpr) -> ClosedJaxpr:
    """The same function of the same inputs, as a sequence of plain operations."""
    inputs = [jax.ShapeDtypeStruct(of.shape, of.dtype) for of in traced.in_avals]
    for _ in range(2):  # what depends on the number of a turn is known when there are no turns any more
        traced = jax.make_jaxpr(functools.partial(_results_of, traced))(*inputs)
    return traced


def without_large_constants(traced: ClosedJaxpr) -> ClosedJaxpr:
    """The same function, in which no large array is a repeated constant, which a converter would write out.

    A zero that is made of the first input, uint8, is added to the constant before it is repeated.
    """
    inputs = [jax.ShapeDtypeStruct(of.shape, of.dtype) for of in traced.in_avals]

    def function(*arrays):
        zero = jnp.minimum(arrays[0].reshape(-1)[:1].reshape(()), np.uint8(0))
        return _results(traced.jaxpr, traced.consts, arrays, functools.partial(_of_repeated, zero))

    return jax.make_jaxpr(function)(*inputs)


def _of_repeated(zero: jax.Array, equation, arrays: list) -> list:
    repeats = equation.primitive is lax.broadcast_in_dim_p and not isinstance(arrays[0], jax.core.Tracer)
    if repeats and equation.outvars[0].aval.size > _LARGE:
        of_input = zero.astype(arrays[0].dtype)
        arrays = [arrays[0] | of_input if of_input.dtype == bool else arrays[0] + of_input]
    return _bound(equation, arrays)


def _results_of(traced: ClosedJaxpr, *arrays) -> list:
    return _results(traced.jaxpr, traced.consts, arrays)


def _results(
    jaxpr: Jaxpr, constants: Sequence, arrays: Sequence, of_equation: Callable | None = None
) -> list:
    of_equation = of_equation or _of_equation
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *arrays], strict=True))
    value = lambda of: of.val if isinstance(of, Literal) else known[of]
    for equation in jaxpr.eqns:
        results = of_equation(equation, [value(of) for of in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [value(of) for of in jaxpr.outvars]


def _of_equation(equation, arrays: list) -> list:
    primitive, params = equation.primitive, equation.params
    if primitive is lax.scan_p:
        return _of_loop(params, arrays)
    inner = [params[name] for name in _INNER if name in params]
    if inner:
        return _of_body(inner[0], arrays)
    known = [not isinstance(array, jax.core.Tracer) for array in arrays]
    if primitive is lax.gather_p and known == [False, True] and _are_few(*arrays, params):
        return [_slices(arrays[0], np.asarray(arrays[1]), params)]
    if primitive is lax.reduce_window_sum_p and not all(known) and _is_plain(params):
        return [_window_sums(arrays[0], params)]
    is_small = sum(of.aval.size for of in equation.outvars) <= _LARGE
    with jax.ensure_compile_time_eval() if is_small and all(known) else contextlib.nullcontext():
        return _bound(equation, arrays)


def _bound(equation, arrays: list) -> list:
    """The results of the operation as it is."""
    results = equation.primitive.bind(*arrays, **equation.params)
    return list(results) if equation.primitive.multiple_results else [results]


def _is_plain(params: dict) -> bool:
    steps = ("window_strides", "base_dilation", "window_dilation")
    return all(step == 1 for name in steps for step in params[name])


def _window_sums(operand, params: dict):
    """`lax.reduce_window_sum` by adding slices in XLA's order, as what is compared must not be rounded otherwise."""
    padded = jnp.pad(operand, params["padding"])
    for axis, size in enumerate(params["window_dimensions"]):
        places = padded.shape[axis] - size + 1
        slices = (lax.slice_in_dim(padded, start, start + places, axis=axis) for start in range(size))
        padded = functools.reduce(jnp.add, slices)
    return padded


def _are_few(operand, starts_xK, params: dict) -> bool:
    """Whether a gather is of few slices, all inside."""
    numbers = params["dimension_numbers"]
    if numbers.operand_batching_dims or np.size(starts_xK) > _STARTS * np.shape(starts_xK)[-1]:
        return False
    room = np.subtract(operand.shape, params["slice_sizes"])[list(numbers.start_index_map)]
    return bool(np.all((np.asarray(starts_xK) >= 0) & (np.asarray(starts_xK) <= room)))


def _slices(operand, starts_xK: np.ndarray, params: dict):
    """`lax.gather` of slices whose starts are known, few: of a converter's operations the one that it misses."""
    numbers, sizes = params["dimension_numbers"], params["slice_sizes"]
    slices = []
    for start_K in starts_xK.reshape(-1, starts_xK.shape[-1]):
        start = np.zeros(operand.ndim, int)
        start[list(numbers.start_index_map)] = start_K
        slices.append(lax.squeeze(lax.slice(operand, start, start + sizes), numbers.collapsed_slice_dims))
    rank = slices[0].ndim + starts_xK.ndim - 1
    batch = [axis for axis in range(rank) if axis not in numbers.offset_dims]
    stacked = jnp.stack(slices).reshape(*starts_xK.shape[:-1], *slices[0].shape)
    return jnp.moveaxis(stacked, range(len(batch)), batch) if batch else stacked


def _of_body(body: ClosedJaxpr | Jaxpr, arrays: Sequence) -> list:
    if isinstance(body, ClosedJaxpr):
        return _results(body.jaxpr, body.consts, arrays)
    return _results(body, (), arrays)


def _of_loop(params: dict, arrays: list) -> list:
    """The results of `lax.scan`: the last state, and what each turn made."""
    fixed, carried, turns = params["num_consts"], params["num_carry"], params["length"]
    constants, state, of_turns = arrays[:fixed], arrays[fixed : fixed + carried], arrays[fixed + carried :]
    body = params["jaxpr"]
    if not carried and turns > 1:
        return jax.vmap(lambda *of_turn: _of_body(body, [*constants, *of_turn]))(*of_turns)
    made: list = [None] * turns
    for turn in sorted(range(turns), reverse=params["reverse"]):
        results = _of_body(body, [*constants, *state, *(_at(array, turn) for array in of_turns)])
        state, made[turn] = results[:carried], results[carried:]
    return [*state, *(jnp.stack(of_result) for of_result in zip(*made, strict=True))]


def _at(array, turn: int):
    if isinstance(array, jax.core.Tracer):
        return lax.squeeze(lax.slice_in_dim(array, turn, turn + 1), (0,))
    return np.asarray(array)[turn]
