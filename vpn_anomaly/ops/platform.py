"""Choices by platform: the one file that asks whether a program is for a CPU or an accelerator.

A function is chosen when the program is lowered (`lax.platform_dependent`): a program has the form
of the platform that it is lowered for, whichever the default is. A size that array shapes depend on
must be known earlier, while the program is traced: it is that of JAX's default backend. A program
that is lowered for another platform then computes the same, only slower.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import jax
from jax import lax

_Choice = TypeVar("_Choice")


class ByPlatform(NamedTuple, Generic[_Choice]):
    """What is taken on a CPU, and on every other platform (GPU, TPU)."""

    cpu: _Choice
    accelerator: _Choice


def traced_size(sizes: ByPlatform[int]) -> int:
    """The size of JAX's default backend, while a program is traced."""
    return sizes.cpu if jax.default_backend() == "cpu" else sizes.accelerator


def call_lowered(functions: ByPlatform[Callable], *arguments):
    """What the function of the platform that the program is lowered for makes of the arguments.

    Both have to give arrays of the same shapes and types.
    """
    return lax.platform_dependent(*arguments, cpu=functions.cpu, default=functions.accelerator)
