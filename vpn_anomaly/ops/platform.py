"""Choices by platform: the only file that asks whether a program is for a CPU or an accelerator.

Functions are chosen at lowering (`lax.platform_dependent`), for the platform that the program is
lowered for, whatever the default backend. Sizes that array shapes depend on must be known earlier, at
tracing: they are those of JAX's default backend. A program that is lowered for another platform then
computes the same result, only more slowly; one that is lowered for several is traced `for_every_platform`.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

import jax
from jax import lax

_Choice = TypeVar("_Choice")


class ByPlatform(NamedTuple, Generic[_Choice]):
    """The choice for a CPU, for every other platform (GPU, TPU), and for what is not lowered by XLA.

    Attributes:
        graph: of an exported graph, which another runtime executes; None: as an accelerator's.
    """

    cpu: _Choice
    accelerator: _Choice
    graph: _Choice | None = None


_traced_for: contextvars.ContextVar[str | None] = contextvars.ContextVar("traced_for", default=None)


def traced_size(sizes: ByPlatform[int]) -> int:
    """The size for JAX's default backend, or for what is `traced_for`; to be called at tracing."""
    named = _traced_for.get() or ("cpu" if jax.default_backend() == "cpu" else "accelerator")
    size = getattr(sizes, named)
    return sizes.accelerator if size is None else size


@contextlib.contextmanager
def traced_for(named: str) -> Iterator[None]:
    """What is traced inside has the sizes of this field of `ByPlatform`, whatever the default backend."""
    token = _traced_for.set(named)
    try:
        yield
    finally:
        _traced_for.reset(token)


def for_every_platform(function: Callable) -> Callable:
    """The function, traced with the sizes of a CPU and those of others; which one runs is chosen at lowering."""

    def of(named: str) -> Callable:
        def traced(*arguments):
            with traced_for(named):
                return function(*arguments)

        return traced

    return lambda *arguments: call_lowered(ByPlatform(of("cpu"), of("accelerator")), *arguments)


def call_lowered(functions: ByPlatform[Callable], *arguments):
    """Calls the function for the platform that the program is lowered for.

    Both functions have to return arrays of the same shapes and types.
    """
    return lax.platform_dependent(*arguments, cpu=functions.cpu, default=functions.accelerator)
