"""What --mode=describe prints: for every config, without data, from shapes alone."""

import importlib.util
import math
import pathlib
import re

import jax
import jax.numpy as jnp
import pytest

from vpn_anomaly.config import defaults
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training import describe as description
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import new_state

CONFIGS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.py"))
TINY = {
    "data.height": 8,
    "data.width": 8,
    "data.frames": 4,
    "data.path": "/nowhere/sequences.npy",
    "model.stem": 2,
    "model.context": 2,
    "model.encoder.channels": 2,
    "model.encoder.dilations": (1,),
    "model.lstm.channels": 2,
    "model.attention.kind": "none",
    "model.head.channels": 2,
    "model.head.blocks": 0,
    "model.head.pixel_channels": 2,
    "train.targets": (3,),
    "train.batch_size": 2,
    "train.loss_pixels": 0,
    "train.optimizer": "sgd",
}


def load(path, variant):
    spec = importlib.util.spec_from_file_location(f"config_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config(variant)
    if not config.data.height:
        config.data.height, config.data.width = 96, 160  # which videos say
    return config


def tiny():
    config = defaults()
    config.update_from_flattened_dict({**TINY, "data.digits": "/nowhere/digits.npz"})
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


class _Lowered:
    """A lowered step whose compiler answers with what it is given."""

    def __init__(self, answer):
        self.answer = answer

    def compile(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self

    def memory_analysis(self):
        return self.answer


def test_memory_holds_the_state_and_the_batch_of_the_config(monkeypatch):
    config, plans, lower = tiny(), [], description.lowered_step

    def lower_and_look(*arguments):
        plans.append(lower(*arguments).compile().memory_analysis())
        return _Lowered(plans[0])

    monkeypatch.setattr(description, "lowered_step", lower_and_look)
    text = description.describe(config)  # neither the sequences nor the digits exist
    assert "train.batch_size=2" in text and "not run" in text and "temporary" in text
    data, system, optimizer = config.data, build_system(config), build_optimizer(config.train)
    clip = jax.ShapeDtypeStruct((2, data.frames, data.height, data.width, 1), jnp.uint8)
    state = jax.eval_shape(lambda x: new_state(system, optimizer, 0, x), clip)
    expected = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves((state, clip)))
    expected += 2 * data.frames * 2 * 4 + 2 * 4  # shifts and indices
    assert plans[0].argument_size_in_bytes == pytest.approx(expected, rel=0.05)
    assert plans[0].temp_size_in_bytes > 0


@pytest.mark.parametrize(
    "answer, told",
    [
        (None, "gives no analysis"),
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 80 GiB\nmore"), "RESOURCE_EXHAUSTED: 80 GiB$"),
    ],
)
def test_a_compiler_without_an_answer_is_told(monkeypatch, answer, told):
    monkeypatch.setattr(description, "lowered_step", lambda *arguments: _Lowered(answer))
    assert re.search(told, description.memory(tiny()))


def test_the_sums_of_memory():
    class Plan:
        argument_size_in_bytes, output_size_in_bytes = 2 << 30, 2 << 30
        alias_size_in_bytes = 1 << 30
        temp_size_in_bytes, generated_code_size_in_bytes = 4 << 30, 0

    assert numbers(description._memory_table(Plan), "sum") == [7.0]
