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
    """The choice for a CPU, and for every other platform (GPU, TPU)."""

    cpu: _Choice
    accelerator: _Choice


_traced_for: contextvars.ContextVar[str | None] = contextvars.ContextVar("traced_for", default=None)


def traced_size(sizes: ByPlatform[int]) -> int:
    """The size for JAX's default backend, or for what is `traced_for`; to be called at tracing."""
    if (named := _traced_for.get()) is not None:
        return getattr(sizes, named)
    return sizes.cpu if jax.default_backend() == "cpu" else sizes.accelerator


@contextlib.contextmanager
def traced_for(named: str) -> Iterator[None]:
    """What is traced inside has the sizes of this field of `ByPlatform`, whatever the default backend."""
    token = _traced_for.set(named)
    try:
        yield
    finally:
        _traced_for.reset(token)


def for_every_platform(function: Callable) -> Callable:
    """The function, traced once with each field of `ByPlatform`; which one runs is chosen at lowering."""

    def of(named: str) -> Callable:
        def traced(*arguments):
            with traced_for(named):
                return function(*arguments)

        return traced

    return lambda *arguments: call_lowered(ByPlatform(*map(of, ByPlatform._fields)), *arguments)


def call_lowered(functions: ByPlatform[Callable], *arguments):
    """Calls the function for the platform that the program is lowered for.

    Both functions have to return arrays of the same shapes and types.
    """
    return lax.platform_dependent(*arguments, cpu=functions.cpu, default=functions.accelerator)
