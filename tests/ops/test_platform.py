"""Choices by platform: of functions for the platform lowered for, of sizes by the default backend."""

import pathlib
import re

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

import vpn_anomaly
from vpn_anomaly.ops.dynamic_conv import cell_conv
from vpn_anomaly.ops.platform import ByPlatform, call_lowered, for_every_platform, traced_for, traced_size

PACKAGE = pathlib.Path(vpn_anomaly.__file__).parent
PLATFORMS = ("cpu", "cuda", "tpu")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_program_has_the_function_of_the_platform_that_it_is_lowered_for(platform):
    functions = ByPlatform(cpu=jnp.sin, accelerator=jnp.cos)
    traced = jax.jit(lambda x: call_lowered(functions, x)).trace(jnp.ones(3))
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    assert re.findall(r"stablehlo\.(sine|cosine)", text) == ["sine" if platform == "cpu" else "cosine"]


def test_a_call_gives_what_the_function_of_this_platform_gives():
    functions = ByPlatform(cpu=lambda x, y: (x + y, x), accelerator=lambda x, y: (x + y, x))
    total, first = call_lowered(functions, jnp.array(2.0), jnp.array(3.0))
    assert (total, first) == (5.0, 2.0)


@pytest.mark.parametrize("backend, size", [("cpu", 10), ("gpu", 20), ("tpu", 20)])
def test_a_size_is_that_of_the_default_backend(monkeypatch, backend, size):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    assert traced_size(ByPlatform(cpu=10, accelerator=20)) == size


def test_nothing_else_in_the_package_asks_for_the_platform():
    asks = re.compile(r"default_backend|platform_dependent|\.platform\s*[!=]=")
    found = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if asks.search(path.read_text())]
    assert [str(path) for path in found] == ["ops/platform.py"]


SIZES = ByPlatform(cpu=2, accelerator=3)


def summed_in_rows(x_N):
    return x_N.reshape(-1, traced_size(SIZES)).sum(1).sum()


def test_a_program_for_every_platform_has_the_sizes_of_each():
    x_N = np.arange(12, dtype=np.float32)
    exported = jax.export.export(jax.jit(for_every_platform(summed_in_rows)), platforms=("cpu", "cuda"))(x_N)
    assert {shape in exported.mlir_module() for shape in ("tensor<6x2xf32>", "tensor<4x3xf32>")} == {True}
    for platform, ours, others in (("cpu", "6x2", "4x3"), ("cuda", "4x3", "6x2")):
        lowered = jax.jit(for_every_platform(summed_in_rows)).trace(x_N).lower(lowering_platforms=(platform,))
        assert f"tensor<{ours}xf32>" in lowered.as_text() and f"tensor<{others}xf32>" not in lowered.as_text()
    assert jax.jit(exported.call)(x_N) == 66


def test_sizes_are_those_of_what_is_traced_for_also_in_functions_with_gradients_of_their_own():
    frame, filters = np.zeros((8, 1, 4, 128), np.float32), np.zeros((8, 1, 32, 1, 9), np.float32)

    def traced(named):
        with traced_for(named):
            return str(jax.make_jaxpr(lambda *arrays: cell_conv(*arrays, 1))(frame, filters))

    assert traced("cpu") != traced("accelerator") == traced("accelerator")
    with traced_for("graph"):
        assert traced_size(SIZES) == 3 and traced_size(SIZES._replace(graph=5)) == 5
    assert traced_size(SIZES) == 2
