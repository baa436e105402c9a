"""Names of arrays, against trees written by hand."""

import flax.struct
import jax
import numpy as np

from vpn_anomaly.files import checksums
from vpn_anomaly.storage import named_arrays


@flax.struct.dataclass
class State:
    params: dict
    step: np.ndarray


def test_names_are_paths_and_a_tree_comes_back_from_them():
    tree = State({"a": {"b": np.ones(2)}, "c": [np.zeros(3), np.int8(1)]}, np.int32(4))
    arrays = named_arrays.host_arrays(tree)
    assert list(arrays) == ["params/a/b", "params/c/0", "params/c/1", "step"]
    assert arrays["params/a/b"] is not None and arrays["step"] == 4
    abstract = jax.eval_shape(lambda: tree)
    again = named_arrays.like(abstract, arrays)
    assert jax.tree.structure(again) == jax.tree.structure(tree)
    jax.tree.map(np.testing.assert_array_equal, again, tree)


def test_the_first_difference_is_named():
    here = {"a": np.zeros((2, 3), np.float32), "b": np.zeros(1, np.int8)}
    there = checksums.of_arrays(here)
    assert named_arrays.difference(there, here) is None
    assert named_arrays.difference({"a": there["a"]}, here) == "b is absent there and int8[1] here"
    assert named_arrays.difference(there, {"a": here["a"]}) == "b is int8[1] there and absent here"
    other = {**here, "a": np.zeros((3, 2), np.float16)}
    assert named_arrays.difference(there, other) == "a is float32[2, 3] there and float16[3, 2] here"
