"""Programs as StableHLO, by jax.export: one file for CPU, CUDA and TPU, each with the sizes that are fast there."""

from collections.abc import Callable

import jax
import jax.export
from jax import lax

from vpn_anomaly.export.programs import Program
from vpn_anomaly.ops.platform import for_every_platform

PLATFORMS = ("cpu", "cuda", "tpu")
SUFFIX = ".stablehlo"


def serialised(program: Program) -> bytes:
    """The program with its weights inside, for all PLATFORMS; which one runs it is chosen when it is compiled."""
    weights = jax.device_get(program.weights)

    def function(*arrays):
        # Behind a barrier XLA rounds as if the weights were arguments, as they are in the package. With constants it
        # folds some operations, and what is compared (the best displacement, of several as good) comes out otherwise.
        return for_every_platform(program.function)(lax.optimization_barrier(weights), *arrays)

    exported = jax.export.export(jax.jit(function), platforms=PLATFORMS)(*program.inputs.values())
    return bytes(exported.serialize())


def call_of(content: bytes) -> Callable:
    """The function of a serialised program, from its inputs to a tuple of its outputs; can be jit-compiled."""
    return jax.export.deserialize(bytearray(content)).call
