"""Where a run lives: names, who may resume, and disks that refuse."""

import datetime
import json
import os

import pytest

from vpn_anomaly.config import as_dict, defaults
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir

NOON = datetime.datetime(2024, 3, 1, 12, 0, 5)


def test_a_new_run_is_named_after_config_overrides_and_time(tmp_path):
    overrides = {"train.steps": 9, "data.lattice": (2, 5)}
    name = workdir.new_run("quick-debug", overrides, NOON, tmp_path)
    assert name == tmp_path / "quick-debug_train.steps=9_data.lattice=-2,-5-_20240301-120005"
    name.mkdir()
    again = workdir.new_run("quick-debug", overrides, NOON, tmp_path)
    assert again.name == name.name + "-2"


def test_a_long_or_strange_name_can_be_made(tmp_path):
    overrides = {"data.path": "/some/where/../" + "x" * 500}
    name = workdir.new_run("quick", overrides, NOON, tmp_path)
    other = workdir.new_run("quick", {"data.path": overrides["data.path"] + "y"}, NOON, tmp_path)
    assert name.parent == tmp_path and name != other
    name.mkdir()


def test_an_equal_config_may_resume(tmp_path):
    config = defaults()
    workdir.open_run(tmp_path / "a" / "b", config)
    assert json.loads((tmp_path / "a/b/config.json").read_text()) == as_dict(config)
    config.evaluate.sequences = 3
    config.score.every_frame = True
    config.train.microbatches = 4  # on a smaller device
    config.model.lstm.chunk = 5
    config.train.report_every = 0
    workdir.open_run(tmp_path / "a" / "b", config)
    workdir.open_trained(tmp_path / "a" / "b", config)
    assert os.listdir(tmp_path / "a" / "b") == ["config.json"]


@pytest.mark.parametrize("opened", [workdir.open_run, workdir.open_trained])
def test_another_config_is_refused_by_name(tmp_path, opened):
    workdir.open_run(tmp_path, defaults())
    config = defaults()
    config.seed = 4
    config.train.targets = (12, 19)
    config.model.attention.kind = "none"
    config.evaluate.bootstrap = 5
    with pytest.raises(UserError) as raised:
        opened(tmp_path, config)
    line = str(raised.value)
    assert "seed 0 there and 4 here" in line
    assert "train.targets (10, 13, 16, 19) there and (12, 19) here" in line
    assert "model.attention.kind 'correlation' there and 'none' here" in line
    assert "evaluate" not in line and "\n" not in line
    assert json.loads((tmp_path / "config.json").read_text()) == as_dict(defaults())


def test_a_field_that_came_later_counts_as_its_default(tmp_path):
    workdir.open_run(tmp_path, defaults())
    stored = as_dict(defaults())
    del stored["train"]["clip_norm"]
    (tmp_path / "config.json").write_text(json.dumps(stored))
    config = defaults()
    workdir.open_run(tmp_path, config)
    config.train.clip_norm = 2.0
    with pytest.raises(UserError, match="train.clip_norm 1.0 there and 2.0 here"):
        workdir.open_run(tmp_path, config)


def test_nothing_trained(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="nothing was trained"):
            workdir.open_trained(place, defaults())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_config(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UserError, match="config.json"):
        workdir.open_run(tmp_path, defaults())


def test_a_file_stands_where_the_folder_should(tmp_path):
    (tmp_path / "file").write_text("precious")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match="cannot write .*file"):
            workdir.open_run(place, defaults())
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.skipif(not os.path.exists("/sys/kernel"), reason="no /sys here")
def test_a_real_place_that_cannot_be_written():
    with pytest.raises(UserError, match="cannot write /sys/kernel"):
        workdir.open_run(workdir.pathlib.Path("/sys/kernel/run"), defaults())
    with pytest.raises(UserError, match="cannot write /sys/kernel"):
        workdir.check_writable(workdir.pathlib.Path("/sys/kernel"))
