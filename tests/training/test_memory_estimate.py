"""The estimate of memory against sums by hand, and against the compiler's plan."""

import jax
import jax.numpy as jnp
import pytest

from experiments.memory_estimate import CASES, compare
from vpn_anomaly.training.describe_memory import COMPILERS_TAKE
from vpn_anomaly.training.memory_estimate import peak_bytes
from vpn_anomaly.training.step import data_mesh

SIDE = 128
BYTES = 4 * SIDE**2  # of a matrix
MATRIX = jax.ShapeDtypeStruct((SIDE, SIDE), jnp.float32)


def peak(function, *arguments):
    return peak_bytes(function, *(arguments or (MATRIX,))) / BYTES


def test_results_and_what_is_elementwise_take_nothing():
    assert peak(lambda x: x @ x) == 0
    assert peak(lambda x: jnp.tanh(2 * x.reshape(-1) + 1).reshape(x.shape).T) == 0


def test_a_product_is_there_until_it_is_read_for_the_last_time():
    assert peak(lambda x: (x @ x) @ x) == 1
    assert peak(lambda x: ((x @ x) @ x) @ x) == 2
    assert peak(lambda x: x @ (2 * (x @ x))) == 1  # in place


def test_a_gradient_keeps_what_the_backward_pass_reads():
    def loss(x):
        for _ in range(8):
            x = jnp.tanh(x @ x)
        return x.sum()

    whole = peak(jax.grad(loss))
    assert 8 <= whole <= 11


def test_what_is_rematerialised_is_not_kept():
    block = lambda x: jnp.tanh(jnp.tanh(x @ x) @ x) @ x

    def loss(x, block):
        for _ in range(8):
            x = block(x)
        return x.sum()

    stored, repeated = (peak(jax.grad(lambda x, f=f: loss(x, f))) for f in (block, jax.checkpoint(block)))
    assert stored >= 24 > 13 >= repeated >= 8


def test_a_loop_takes_its_body_once_and_what_it_stacks():
    def loop(x):
        _, stacked = jax.lax.scan(lambda c, _: ((c @ x) @ x, c @ x), x, None, length=10)
        return stacked.sum()

    assert 10 + 2 <= peak(loop) <= 10 + 4


def test_the_larger_branch_counts():
    small, large = lambda x: x @ x, lambda x: (x @ x) @ ((x @ x) @ x)
    assert peak(lambda x: jax.lax.cond(x[0, 0] > 0, small, large, x)) == pytest.approx(peak(large), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["table_small", "full_chunks_small"])
def test_the_compiler_plans_as_much_up_to_the_stated_factor(case):
    assert case in CASES
    assert 1 / 1.1 <= compare(case, data_mesh())["ratio"] <= COMPILERS_TAKE
