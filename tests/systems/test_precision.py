"""Float32 products are of float32 on TPUs and GPUs, too, and bfloat16 changes scores by little."""

import re

import jax
import jax.numpy as jnp
import pytest

from tests.tiny import random_params, tiny_config
from vpn_anomaly import catalogue
from vpn_anomaly.ops.exemplar_distance import nearest_distance
from vpn_anomaly.systems.build import build_system

PRODUCT = re.compile(r"stablehlo\.(?:dot_general|convolution|dot)\b.*")
SYSTEMS = [{"system": row.name} for row in catalogue.SYSTEMS if not row.fits]
ATTENTIONS = [
    {"model.attention.kind": name} for name in catalogue.names(catalogue.ATTENTIONS) if name != "none"
]
BATCH = 2
name_of = lambda fields: "-".join(map(str, fields.values()))


def products(function, *arguments):
    """The lines of the products of float32 numbers in the program for a TPU, which need not be there."""
    lowered = jax.jit(function).trace(*arguments).lower(lowering_platforms=("tpu",))
    lines = PRODUCT.findall(lowered.as_text())
    assert lines
    return [line for line in lines if re.search(r": \(tensor<[\dx]*f32>, tensor<[\dx]*f32>\)", line)]


def shapes_of(config):
    data = config.data
    of = lambda *shape: jax.ShapeDtypeStruct((BATCH, *shape), jnp.int32)
    clip = jax.ShapeDtypeStruct((BATCH, data.frames, data.height, data.width, 1), jnp.uint8)
    return {"clip": clip, "shift": of(data.frames, 2), "index": of()}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("fields", [*SYSTEMS, *ATTENTIONS], ids=name_of)
def test_float32_products_of_loss_and_maps_are_exact(fields, dtype):
    copies = fields.get("model.attention.kind") == "layers"
    config = tiny_config(fields, model__dtype=dtype, model__head__copies=copies)
    system = build_system(config)
    params, batch = random_params(config, system), shapes_of(config)
    key, shift = jax.random.key(0), jnp.array([[0, 0], [1, 2]])
    found = products(jax.value_and_grad(system.loss), params, batch, key)
    found += products(lambda params, clip: system.maps(params, clip, shift, (7,)), params, batch["clip"])
    # In every dtype those of the 256-way softmax; other systems have products in the network alone.
    assert found or dtype == "bfloat16" and system.loss_unit == "intensity²"
    for line in found:
        assert line.count("HIGHEST") == 2, line


def test_distances_to_exemplars_are_exact():
    of = lambda *shape: jax.ShapeDtypeStruct(shape, jnp.float32)
    (line,) = products(nearest_distance, of(8, 3), of(5, 3), jax.ShapeDtypeStruct((5,), bool))
    assert line.count("HIGHEST") == 2


def test_a_product_without_a_name_would_be_found():
    of = jax.ShapeDtypeStruct((4, 4), jnp.float32)
    (line,) = products(lambda x: x @ x, of)
    assert "HIGHEST" not in line
