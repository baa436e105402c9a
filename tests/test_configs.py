"""Every config and its debug variant can run, and says what the documents promise."""

import importlib.util
import pathlib

import pytest

from vpn_anomaly import config as config_module
from vpn_anomaly import config_files
from vpn_anomaly.errors import UserError
from vpn_anomaly.training import describe_memory

FOLDER = pathlib.Path(__file__).parents[1] / "configs"
NAMES = config_files.names()


def load(name, variant=""):
    spec = importlib.util.spec_from_file_location(f"config_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config(variant) if variant else module.get_config()
    if config.data.source == "video":
        config.data.path = "normal/*.mp4"  # which a user gives
    return config


def test_the_configs_are_there():
    assert set(NAMES) >= {"base", "quick", "cpu", "full", "table", "tpu", "video"}


@pytest.mark.parametrize("variant", ["", "debug"])
@pytest.mark.parametrize("name", NAMES)
def test_passes_the_check(name, variant):
    config_module.check(load(name, variant))


@pytest.mark.parametrize("name", NAMES)
def test_debug_is_small_but_sees_the_same_frames(name):
    config, full = load(name, "debug"), load(name)
    data = config.data
    assert (data.frames, data.height, data.width, data.channels) == (20, 64, 64, 1)
    assert data.digits == "embedded"
    assert config.train.steps * config.train.batch_size <= 16
    assert config.evaluate.sequences <= 16 and config.evaluate.calibration_sequences <= 16
    assert max(config.model.encoder.channels, config.model.lstm.channels, config.model.head.channels) <= 16
    for kept in ("model.stem", "model.attention.kind", "model.encoder.block", "model.context"):
        assert config_module.flat(config)[kept] == config_module.flat(full)[kept]


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_variant_names_the_known_ones(name):
    with pytest.raises(UserError, match="'tiny'.*debug"):
        load(name, "tiny")


def test_base_is_the_list_of_defaults():
    assert config_module.differences(load("base"), config_module.defaults()) == []


def test_full_is_the_paper_at_the_scale_of_video_pixel_networks():
    values = config_module.flat(load("full"))
    assert values["model.stem"] == 1
    assert values["model.attention.kind"] == "full" and values["model.attention.bottleneck"] > 0
    assert values["model.encoder.block"] == "rmb" and values["model.encoder.channels"] == 128
    assert values["model.encoder.dilations"] == (1, 2, 4, 8, 1, 2, 4, 8)
    assert values["model.lstm.channels"] == 256
    assert values["model.dtype"] == "bfloat16" and values["model.rematerialise"]
    assert values["data.digits"] == "tfds"
    assert (values["train.optimizer"], values["train.learning_rate"]) == ("rmsprop", 3e-4)
    assert (values["train.batch_size"], values["train.steps"]) == (64, 300_000)


def test_tpu_is_full_at_half_its_width_for_one_chip_of_16_gb():
    config, full = load("tpu"), load("full")
    assert config.model.stem == full.model.stem == 1 and config.model.attention == full.model.attention
    assert config.model.lstm.channels == full.model.lstm.channels // 2
    assert config.data.backend == "numpy" and config.data.digits == "embedded"  # what a TPU in Colab has
    assert describe_memory.memory(config, 1, 16.0).splitlines()[-1].startswith("It fits a device of 16.0 GB")


def test_full_fits_8_devices_of_32_gb_and_in_microbatches_one_of_80_gb():
    config = load("full")
    assert "It fits a device of 32.0 GB" in describe_memory.memory(config, 8, 32.0)
    assert "Warning" in describe_memory.memory(config, 1, 40.0)
    config.train.microbatches = 4
    assert "It fits a device of 80.0 GB" in describe_memory.memory(config, 1, 80.0)


def test_evaluation_sizes():
    assert load("quick").evaluate.sequences == 256
    assert all(load(name).evaluate.sequences == 1000 for name in ("base", "cpu", "full"))
