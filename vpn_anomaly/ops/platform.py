"""Choices by platform: the only file that asks whether a program is for a CPU or an accelerator.

Functions are chosen at lowering (`lax.platform_dependent`), for the platform that the program is
lowered for, whatever the default backend. Sizes that array shapes depend on must be known earlier, at
tracing: they are those of JAX's default backend. A program that is lowered for another platform then
computes the same result, only more slowly.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import jax
from jax import lax

_Choice = TypeVar("_Choice")


class ByPlatform(NamedTuple, Generic[_Choice]):
    """The choice for a CPU, and for every other platform (GPU, TPU)."""

    cpu: _Choice
    accelerator: _Choice


def traced_size(sizes: ByPlatform[int]) -> int:
    """The size for JAX's default backend, to be called at tracing."""
    return sizes.cpu if jax.default_backend() == "cpu" else sizes.accelerator


def call_lowered(functions: ByPlatform[Callable], *arguments):
    """Calls the function for the platform that the program is lowered for.

    Both functions have to return arrays of the same shapes and types.
    """
    return lax.platform_dependent(*arguments, cpu=functions.cpu, default=functions.accelerator)
