"""The memory that --mode=describe tells: of the devices present, and of others, for which nothing is compiled."""

import re

import jax
import jax.numpy as jnp
import pytest

from tests.training.test_describe import numbers
from vpn_anomaly.config import defaults
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training import describe_memory
from vpn_anomaly.training.describe import describe
from vpn_anomaly.training.describe_memory import GIGA
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import new_state

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


def tiny():
    config = defaults()
    config.update_from_flattened_dict({**TINY, "data.digits": "/nowhere/digits.npz"})
    return config


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
    config, plans, lower = tiny(), [], describe_memory.lowered_step

    def lower_and_look(*arguments):
        plans.append(lower(*arguments).compile().memory_analysis())
        return _Lowered(plans[0])

    monkeypatch.setattr(describe_memory, "lowered_step", lower_and_look)
    text = describe(config)  # neither the sequences nor the digits exist
    assert "train.batch_size=2" in text and "not run" in text and "temporary" in text
    assert "fit" not in text  # a CPU's memory is that of the computer
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
    monkeypatch.setattr(describe_memory, "lowered_step", lambda *arguments: _Lowered(answer))
    assert re.search(told, describe_memory.memory(tiny()))


def test_the_sums_of_memory():
    class Plan:
        argument_size_in_bytes, output_size_in_bytes = 2 * GIGA, 2 * GIGA
        alias_size_in_bytes = GIGA
        temp_size_in_bytes, generated_code_size_in_bytes = 4 * GIGA, 0

    assert numbers(describe_memory._plan_table(Plan), "sum") == [7.0]


def gigabytes(config, devices):
    """State, batch and all that is estimated for one device."""
    text = describe_memory.memory(config, devices)
    return [numbers(text, name)[0] for name in ("state", "batch", "sum")]


def larger():
    config = tiny()
    config.update_from_flattened_dict(
        {"data.height": 64, "data.width": 64, "model.lstm.channels": 64, "train.batch_size": 8}
    )
    return config


def test_the_estimate_falls_with_devices_and_microbatches_but_for_the_state():
    config = larger()
    state, batch, whole = gigabytes(config, 1)
    assert batch == pytest.approx(8 * 4 * 64**2 / GIGA, abs=1e-3)
    of_four = gigabytes(config, 4)
    assert of_four[0] == state and of_four[2] == pytest.approx(whole / 4, rel=0.1)
    config.train.microbatches = 4
    in_parts = gigabytes(config, 1)
    assert in_parts[:2] == [state, batch] and whole / 4 < in_parts[2] < 1.3 * whole / 4


def test_what_cannot_fit_is_warned_of_with_the_microbatches_that_would():
    config = larger()
    _, _, whole = gigabytes(config, 1)
    said = lambda limit: describe_memory.memory(config, 1, limit).splitlines()[-1]
    assert said(1.6 * whole).startswith("It fits a device of")
    assert re.match(r"Warning: it may not fit .*; set train.microbatches=2, ", said(1.2 * whole))
    assert re.match(r"Warning: it cannot fit .*; set train.microbatches=4, ", said(0.5 * whole))
    assert said(0.01 * whole).endswith(
        "no number of microbatches suffices: use more devices, or a smaller model."
    )


def test_the_memory_of_a_present_device_is_compared_with(monkeypatch):
    monkeypatch.setattr(describe_memory, "lowered_step", lambda *arguments: _Lowered(None))
    monkeypatch.setattr(describe_memory, "device_bytes", lambda: 1000)
    assert "Warning: it cannot fit a device of 0.0 GB" in describe_memory.memory(tiny())


def test_a_batch_that_does_not_divide_is_refused():
    config = larger()
    config.train.microbatches = 4
    with pytest.raises(UserError, match="train.batch_size=8 over 4 devices in train.microbatches=4 each"):
        describe_memory.memory(config, 4)


@pytest.mark.parametrize(
    "flags, told",
    [
        (["--mode=describe", "--devices=0"], "devices"),
        (["--mode=describe", "--device_gigabytes=none"], "device_gigabytes"),
        (["--mode=train", "--devices=8"], "--devices is for --mode=describe only"),
        (["--device_gigabytes=16"], "--device_gigabytes is for --mode=describe only"),
        (["--mode=describe", "--devices=3"], "train.batch_size=8 over 3 devices: set a multiple of 3"),
        (["--mode=describe", "--config.train.microbatches=3"], "train.microbatches is 3, but has to divide"),
    ],
)
def test_a_wrong_request_is_one_line(flags, told, capsys):
    assert main(["--config=configs/quick.py", *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_the_command_describes_other_devices(capsys):
    flags = ["--mode=describe", "--devices=2", "--device_gigabytes=16"]
    assert main(["--config=configs/table.py:debug", *flags]) == 0
    text = capsys.readouterr().out
    assert (
        "one device of 2, estimated" in text
        and "It fits a device of 16.0 GB" in text
        and "compiled in" not in text
    )
