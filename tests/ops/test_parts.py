"""A batch in parts: the same result as whole, and as many parts as there are."""

import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.ops.parts import in_parts


@pytest.mark.parametrize("batch, least, sizes", [(8, 4, [4, 4]), (7, 3, [3, 4]), (7, 4, [7]), (1, 1, [1])])
def test_parts_are_computed_one_by_one_and_put_together(batch, least, sizes):
    seen = []

    def double(x, pair):
        seen.append(len(x))
        return 2 * x, {"sum": pair[0] + x, "none": pair[1]}

    x, y = jnp.arange(batch), jnp.arange(batch) * 10
    doubled, more = in_parts(double, least, x, (y, None))
    assert seen == sizes
    np.testing.assert_array_equal(doubled, np.arange(batch) * 2)
    np.testing.assert_array_equal(more["sum"], np.arange(batch) * 11)
    assert more["none"] is None
