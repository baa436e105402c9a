"""The memory that a program needs at most, estimated from its jaxpr without compiling it.

Every intermediate array takes memory from the operation that makes it to the last one that reads it. What compilers
avoid is avoided here: results of elementwise operations that such operations alone read are computed where they are
read; where an array of the same size is read for the last time, the result takes its place; views take nothing. The
body of a loop takes its own memory once.

What compilers add (copies for other layouts, padding, work space of convolutions) is not known here:
`experiments/memory_estimate.py` compares the estimate with what they plan.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import jax
from jax.extend.core import Jaxpr, JaxprEqn, Literal

_VIEWS = frozenset(
    "reshape squeeze expand_dims stop_gradient copy optimization_barrier reshard bitcast_convert_type".split()
)
# Of these an operation that reads elementwise computes again what it needs, however many read them.
_CHEAP = frozenset(
    "broadcast_in_dim iota convert_element_type slice dynamic_slice split unstack transpose rev tile pad select_n"
    " clamp add add_any sub mul neg max min abs sign and or not eq ne lt le gt ge integer_pow square round floor"
    " is_finite rem shift_right_logical".split()
)
_COSTLY = frozenset("tanh logistic exp log log1p expm1 div sqrt rsqrt pow cos".split())  # at most once
_READERS = frozenset(
    "reduce_sum reduce_max reduce_min reduce_and argmax argmin concatenate stack psum".split()
)
_ELEMENTWISE = _CHEAP | _COSTLY | _READERS


@dataclasses.dataclass(eq=False)
class _Array:
    """An array that an operation makes; or, if it has `parts`, what is computed from these where it is read."""

    bytes: int
    parts: tuple["_Array", ...] = ()


@dataclasses.dataclass
class _Operation:
    """An equation without calls in it; `body`: bytes that its loop or branch takes beyond its results."""

    name: str
    inputs: Sequence[_Array]
    outputs: Sequence[_Array]
    body: int = 0


def peak_bytes(function: Callable, *arguments) -> int:
    """The bytes of the intermediate arrays of a function, at most at once, on each device.

    Arguments and results are not counted: those of a training step take the same place.

    Args:
        arguments: trees of `jax.ShapeDtypeStruct`. In `shard_map`, shapes are those of one device.
    """
    return _peak(jax.make_jaxpr(function)(*arguments).jaxpr)


def _peak(jaxpr: Jaxpr, carried: int = 0, slices: int = 0, stacked: int = 0) -> int:
    """The bytes of the arrays that a jaxpr makes, at most at once, but for results: they have a place elsewhere.

    Args:
        carried: how many of its results, the first ones, are counted as well, as they replace arguments that are
            still read; unless they are made elementwise, in place.
        slices: how many of its arguments, the last ones, are read from larger arrays.
        stacked: how many of its results, the last ones, are written into larger arrays.
    """
    arrays = {variable: _Array(0) for variable in (*jaxpr.constvars, *jaxpr.invars)}
    operations = []
    for variable in jaxpr.invars[len(jaxpr.invars) - slices :]:
        arrays[variable] = _Array(_bytes(variable))
        operations.append(_Operation("dynamic_slice", (), (arrays[variable],)))
    operations += _operations(jaxpr, arrays)
    results = [_Array(0) if isinstance(v, Literal) else arrays[v] for v in jaxpr.outvars]
    whole, parts = results[: len(results) - stacked], results[len(results) - stacked :]
    in_place = {x for operation in operations if operation.name in _ELEMENTWISE for x in operation.outputs}
    elsewhere = {x for place, x in enumerate(whole) if place >= carried or x in in_place}
    ends = [_Operation("results", whole, ()), _Operation("concatenate", parts, ())]
    return _peak_of(_without_dead(operations, results) + ends, elsewhere)


def _operations(jaxpr: Jaxpr, arrays: dict) -> Iterator[_Operation]:
    """The operations of a jaxpr and of what it calls; to `arrays`, by variable, those that it makes are added."""
    for equation in jaxpr.eqns:
        inputs = [_Array(0) if isinstance(v, Literal) else arrays[v] for v in equation.invars]
        called = _called(equation)
        if called is not None:
            inner = dict(zip(called.invars, inputs)) | {variable: _Array(0) for variable in called.constvars}
            yield from _operations(called, inner)
            made = [_Array(0) if isinstance(v, Literal) else inner[v] for v in called.outvars]
            arrays.update(zip(equation.outvars, made))
        elif equation.primitive.name in _VIEWS:
            arrays.update(zip(equation.outvars, inputs))
        else:
            outputs = [_Array(_bytes(variable)) for variable in equation.outvars]
            arrays.update(zip(equation.outvars, outputs))
            yield _Operation(equation.primitive.name, inputs, outputs, _body(equation))


def _called(equation: JaxprEqn) -> Jaxpr | None:
    """What an equation calls once, as a part of the program."""
    if equation.primitive.name in ("scan", "while", "cond"):
        return None
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return None if inner is None else getattr(inner, "jaxpr", inner)


def _body(equation: JaxprEqn) -> int:
    """The bytes of the arrays in the body of a loop, or in the larger of branches."""
    of, name = equation.params, equation.primitive.name
    if name == "scan":
        body, carried = of["jaxpr"].jaxpr, of["num_carry"]
        slices = len(body.invars) - of["num_consts"] - carried
        return _peak(body, carried, slices, stacked=len(body.outvars) - carried)
    if name == "while":
        return _peak(of["body_jaxpr"].jaxpr, len(of["body_jaxpr"].out_avals))
    if name == "cond":
        return max(_peak(branch.jaxpr) for branch in of["branches"])
    return 0


def _without_dead(operations: list[_Operation], results: Iterable[_Array]) -> list[_Operation]:
    """Those that the results need."""
    kept, read = [], set(results)
    for operation in reversed(operations):
        if not read.isdisjoint(operation.outputs):
            read.update(operation.inputs)
            kept.append(operation)
    return kept[::-1]


def _peak_of(operations: list[_Operation], elsewhere: set[_Array]) -> int:
    """The bytes of all arrays of a straight program, at most at once, without those `elsewhere`."""
    _fuse(operations, elsewhere)
    unfused = [x for x in operations if not (x.outputs and all(array.parts for array in x.outputs))]
    last_read = {root: place for place, x in enumerate(unfused) for root in _roots(x)}
    there: set[_Array] = set()
    live = peak = 0
    for place, operation in enumerate(unfused):
        made = {x for x in operation.outputs if not x.parts} - elsewhere
        ending = {root for root in _roots(operation) if root in there and last_read[root] == place}
        ending_bytes, made_bytes = Counter(x.bytes for x in ending), Counter(x.bytes for x in made)
        replaced = ending_bytes & made_bytes if operation.name in _ELEMENTWISE else Counter()
        peak = max(peak, live + operation.body + sum((made_bytes - replaced).elements()))
        there = (there - ending) | {x for x in made if x in last_read}
        live = sum(x.bytes for x in there)
    return peak


def _fuse(operations: list[_Operation], elsewhere: set[_Array]) -> None:
    """Gives `parts` to the arrays that take no memory, as they are computed where they are read."""
    readers: Counter[_Array] = Counter()
    whole = set(elsewhere)
    for operation in operations:
        readers.update(set(operation.inputs))
        if operation.name not in _ELEMENTWISE:
            whole.update(operation.inputs)
    for operation in operations:
        parts = _roots(operation) or (_Array(0),)
        for array in operation.outputs:
            once = operation.name in _COSTLY and readers[array] == 1
            if array not in whole and (once or operation.name in _CHEAP):
                array.parts = parts


def _roots(operation: _Operation) -> tuple[_Array, ...]:
    """The arrays in memory that an operation reads, or is computed from where it is read itself."""
    return tuple({root: None for array in operation.inputs for root in array.parts or (array,)})


def _bytes(variable) -> int:
    """Of an array on its device; a key of random numbers is two words."""
    return math.prod(variable.aval.shape) * getattr(variable.aval.dtype, "itemsize", 8)
