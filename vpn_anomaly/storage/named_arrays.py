"""The arrays of a pytree (parameters, a state) by path, such as params/encoder/kernel."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils


def by_name(tree) -> dict[str, Any]:
    """The leaves by path, joined with "/"."""
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def host_arrays(tree) -> dict[str, np.ndarray]:
    """The leaves by name, as numpy arrays; whole, also those that are split over several processes.

    All processes have to call it.
    """
    return {name: _whole(leaf) for name, leaf in by_name(tree).items()}


def on_mesh(tree, sharding):
    """The pytree with its leaves on the devices of all processes, each of which has all of it.

    sharding: one, or a pytree of them of which `tree` may have more levels.
    """

    def placed(at, leaf):
        array = np.asarray(leaf)
        return jax.make_array_from_callback(array.shape, at, lambda index: array[index])

    return jax.tree.map(lambda at, part: jax.tree.map(lambda x: placed(at, x), part), sharding, tree)


def like(abstract_tree, arrays: Mapping[str, np.ndarray]):
    """The arrays as a pytree like the abstract one, placed according to its shardings if it has any."""

    def placed(path, leaf):
        array = arrays[_name(path)]
        sharding = getattr(leaf, "sharding", None)
        return array if sharding is None else jax.device_put(array, sharding)

    return jax.tree_util.tree_map_with_path(placed, abstract_tree)


def difference(there: Mapping[str, Mapping], here: Mapping[str, Any]) -> str | None:
    """Describes the first array that is missing or different on one side; None if all agree.

    Args:
      there: by name, a record with `shape` and `dtype`, as made by `checksums.of_arrays`.
      here: by name, anything with a shape and a dtype.
    """
    for name in dict.fromkeys([*here, *there]):
        recorded, wanted = "absent", "absent"
        if name in there:
            recorded = f"{there[name]['dtype']}{there[name]['shape']}"
        if name in here:
            wanted = f"{np.dtype(here[name].dtype).name}{list(here[name].shape)}"
        if recorded != wanted:
            return f"{name} is {recorded} there and {wanted} here"
    return None


def _whole(leaf) -> np.ndarray:
    if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
        leaf = multihost_utils.process_allgather(leaf, tiled=True)
    return np.asarray(leaf)


def _name(path) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
