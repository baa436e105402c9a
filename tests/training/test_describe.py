"""What --mode=describe prints: for every config, without data, from shapes alone."""

import importlib.util
import math
import pathlib
import re

import jax
import jax.numpy as jnp
import pytest

from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training import describe as description

CONFIGS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("[!_]*.py"))


def load(path, variant):
    spec = importlib.util.spec_from_file_location(f"config_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config(variant)
    if not config.data.height:
        config.data.height, config.data.width = 96, 160  # which videos say
    return config


def numbers(table, name):
    """The numbers of one line of a table."""
    line = next(line for line in table.splitlines() if line.startswith(name))
    texts = re.findall(r"[\d,.]+(?= |%|$)", line[len(name) :])
    return [float(text.replace(",", "")) for text in texts]


@pytest.mark.parametrize("variant", ["", "debug"])
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_table_of_every_config(path, variant):
    config = load(path, variant)
    table = description.costs(config)
    modules = {
        "inpainting": ("encoder, stem", "ConvLSTM, state", "attention, ", "head, join"),
        "block_inpainting": ("U-Net, stem", "U-Net, level 2"),
    }
    for module in (*modules[config.system], "output layer"):
        assert f"\n{module}" in table
    parameters, forward, step, share = numbers(table, "sum")
    assert parameters == parameters_of(config)
    assert share == 100 and 2.999 * forward <= step <= 4.001 * forward
    names = [line.split("  ")[0] for line in table.splitlines()[4:-1]]
    parts = [numbers(table, name)[2] for name in names if not name.endswith(", all")]
    assert sum(parts) == pytest.approx(step, abs=0.01)


def parameters_of(config):
    data, system = config.data, build_system(config)
    shape = (1, data.frames, data.height, data.width, data.channels)
    params = jax.eval_shape(system.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.uint8))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))
