"""Which digits a run takes where TensorFlow is missing: said, stored, and kept."""

import json

import pytest

from tests.tiny import config_file, tiny_config
from vpn_anomaly import command_line
from vpn_anomaly.detector import resolving


@pytest.fixture
def arguments(tmp_path):
    """Of a config whose digits are those of tensorflow-datasets."""
    path = tmp_path / "tiny.py"
    config_file(path, tiny_config({"data.digits": "tfds"}))
    flags = [f"--config={path}", f"--workdir={tmp_path / 'run'}"]
    return lambda *more: command_line.parse([*flags, *more])


@pytest.fixture
def installed(monkeypatch):
    """Sets whether TensorFlow is installed."""
    return lambda is_it: monkeypatch.setattr(resolving, "tfds_is_installed", lambda: is_it)


def test_without_tensorflow_the_embedded_ones_and_a_line(arguments, installed, capsys):
    installed(False)
    before = arguments()
    assert resolving.with_digits(before).config.data.digits == "embedded"
    assert before.config.data.digits == "tfds"
    assert capsys.readouterr().out.startswith(
        "data.digits=tfds needs tensorflow and tensorflow-datasets, which"
    )


def test_with_tensorflow_and_by_hand_they_stay(arguments, installed, capsys):
    installed(True)
    assert resolving.with_digits(arguments()).config.data.digits == "tfds"
    installed(False)
    by_hand = resolving.with_digits(arguments("--config.data.digits=tfds"))
    assert by_hand.config.data.digits == "tfds" and capsys.readouterr().out == ""


@pytest.mark.parametrize("stored, is_there", [("embedded", True), ("tfds", False)])
def test_a_run_goes_on_with_those_that_it_began_with(arguments, installed, tmp_path, stored, is_there):
    installed(is_there)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"data": {"digits": stored}}), encoding="utf-8")
    assert resolving.with_digits(arguments()).config.data.digits == stored
