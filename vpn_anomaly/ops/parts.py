"""The parts of a batch, for what XLA runs on one core: independent operations run at the same time."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.platform import ByPlatform, traced_size

# XLA's CPU backend gives a convolution or a loop one core, whatever its size; on an accelerator either fills it.
_PARTS = ByPlatform(cpu=2, accelerator=1)


def in_parts(function: Callable, least: int, *arrays_Bx):
    """`function(*arrays)`, applied to parts of the batch, of at least `least` elements, one by one.

    Args:
        function: computes each element of the batch from its own inputs; from trees of arrays (B, ...) to trees of
            arrays (B, ...).
        arrays_Bx: trees of arrays, or None.
    """
    batch = len(jax.tree.leaves(arrays_Bx)[0])
    parts = min(traced_size(_PARTS), batch // least)
    if parts < 2:
        return function(*arrays_Bx)
    ends = [batch * number // parts for number in range(parts + 1)]
    results = [
        function(*jax.tree.map(lambda x, part=slice(*part): x[part], arrays_Bx))
        for part in itertools.pairwise(ends)
    ]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *results)
