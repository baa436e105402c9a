"""Choices by platform: of functions for the platform lowered for, of sizes by the default backend."""

import pathlib
import re

import jax
import jax.numpy as jnp
import pytest

import vpn_anomaly
from vpn_anomaly.ops.platform import ByPlatform, call_lowered, traced_size

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
