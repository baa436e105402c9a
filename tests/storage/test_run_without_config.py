"""Folders that lack config.json, or hold something else: a run goes on only where it is the same."""

import json
import os
import pathlib

import numpy as np
import pytest

from tests import tiny
from vpn_anomaly.config import as_dict, defaults
from vpn_anomaly.config_files import load_config
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.storage import checkpoints, results_file, workdir


def save(directory, step, config, /, **metadata):
    said = {"config": as_dict(config), "wall_seconds": 1.0, "sequences_seen": 4, **metadata}
    state = {"params": {"kernel": np.ones(3)}, "step": np.int32(step)}
    checkpoints.save(directory / "checkpoints", step, state, said)


@pytest.fixture
def config():
    return defaults()


def test_checkpoints_of_the_same_config_are_resumed(tmp_path, config):
    save(tmp_path, 3, config)
    (tmp_path / "train.jsonl").touch()
    config.evaluate.sequences = 3  # may change
    workdir.open_trained(tmp_path, config)
    assert not (tmp_path / "config.json").exists()
    assert workdir.stored_field(tmp_path, "train.steps") == config.train.steps
    workdir.open_run(tmp_path, config)
    assert json.loads((tmp_path / "config.json").read_text()) == as_dict(config)


@pytest.mark.parametrize("opened", [workdir.open_run, workdir.open_trained, workdir.check_run])
def test_checkpoints_of_another_config_are_not(tmp_path, config, opened):
    save(tmp_path, 3, config)
    config.train.learning_rate, config.seed = 0.5, 4
    with pytest.raises(UserError, match="seed 0 there and 4 here, train.learning_rate .* and 0.5 here"):
        opened(tmp_path, config)
    assert os.listdir(tmp_path) == ["checkpoints"]


def test_the_newest_whole_one_counts(tmp_path, config):
    other = defaults()
    other.seed = 9
    save(tmp_path, 3, config)
    save(tmp_path, 4, other)
    for path in (tmp_path / "checkpoints/4").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    workdir.open_run(tmp_path, config)
    os.remove(tmp_path / "config.json")
    for path in (tmp_path / "checkpoints/3").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(UserError, match="every checkpoint"):
        workdir.open_run(tmp_path, config)


@pytest.mark.parametrize("said", [None, "seed", 7, []])
def test_checkpoints_that_do_not_say_their_config(tmp_path, config, said):
    save(tmp_path, 3, config, **{"config": said})
    for opened in (workdir.open_run, workdir.open_trained, lambda place, _: workdir.check_trained(place)):
        with pytest.raises(UserError, match="no config.json; put it back") as raised:
            opened(tmp_path, config)
        assert "\n" not in str(raised.value)


def test_it_is_told_by_the_command_before_work(tmp_path, capsys, monkeypatch):
    config = tiny.tiny_config()
    run = tiny.stored_run(tmp_path / "run", config)
    state = {"params": run.params, "step": np.int32(run.step + 1)}
    checkpoints.save(
        run.directory / "checkpoints",
        run.step + 1,
        state,
        {"config": as_dict(config), "wall_seconds": 1.0, "sequences_seen": 4},
    )
    os.remove(run.directory / "config.json")
    tiny.config_file(tmp_path / "tiny.py", config)
    flags = [f"--config={tmp_path}/tiny.py", f"--workdir={run.directory}", "--config.train.learning_rate=0.7"]
    for mode in ([], ["--mode=train"], ["--mode=evaluate"]):
        assert main([*flags, *mode]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "train.learning_rate" in line and "0.7 here" in line
    assert os.listdir(run.directory) == ["checkpoints"]


def make(path, content="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


FOREIGN = (
    "notes.txt",
    "results.json",
    "train.jsonl",
    "events/x",
    "checkpoints/notes.txt",
    "checkpoints/007",
    "checkpoint",
    "log",
    "run.log.txt",
    "config.json.bak",
    "Config.json/x",
    "lost+found/x",
)
HARMLESS = (".hidden", ".git/config", ".lock", ".config.json.1-ab.partial", "run.log", "a b.log", ".log")


@pytest.mark.parametrize("name", FOREIGN)
def test_a_folder_of_something_else_is_refused(tmp_path, config, name, capsys):
    make(tmp_path / name)
    for opened in (
        workdir.open_run,
        workdir.check_free,
        workdir.check_run,
        lambda directory, _: workdir.open_evaluation(directory, "sum"),
    ):
        with pytest.raises(UserError, match="use a new or empty --workdir") as raised:
            opened(tmp_path, config)
        assert "\n" not in str(raised.value)
    assert main(["--config=configs/quick.py", f"--workdir={tmp_path}"]) == 2
    assert "is not empty and holds no run" in capsys.readouterr().err
    assert os.listdir(tmp_path) == [pathlib.PurePath(name).parts[0]]


def test_hidden_files_logs_and_a_cache_that_is_named_are_no_obstacle(tmp_path, config):
    for name in HARMLESS:
        make(tmp_path / "run" / name)
    make(tmp_path / "run/cache/frames/a.npy")
    with pytest.raises(UserError, match="'cache'"):
        workdir.open_run(tmp_path / "run", config)
    config.data.video.cache = str(tmp_path / "run/../run/cache/frames")
    workdir.open_run(tmp_path / "run", config)
    for name in HARMLESS:
        make(tmp_path / "evaluation" / name)
    workdir.open_evaluation(tmp_path / "evaluation", "sum")


CONFIGS = [
    "",
    "7",
    "null",
    "[]",
    '"text"',
    "{",
    "\x00",
    "[" * 5000,
    '{"train":' * 5000,
    '{"seed": ' + "9" * 5000 + "}",
    '{"train":' * 400 + "1" + "}" * 400,
    '{"seed":' + "[" * 300 + "]" * 300 + "}",
]


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: ascii(text[:20]))
def test_a_config_json_that_is_none_is_told_in_one_line(tmp_path, capsys, text):
    make(tmp_path / "config.json", text)
    for mode in (
        [],
        ["--mode=train"],
        ["--mode=evaluate"],
        ["--mode=score", "--input=setup.cfg", f"--output={tmp_path}/o.csv"],
        ["--mode=watch", "--input=x"],
    ):
        assert main(["--config=configs/quick.py", f"--workdir={tmp_path}", *mode]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {tmp_path}/config.json cannot be read as a config: ")
    assert (tmp_path / "config.json").read_text() == text and os.listdir(tmp_path) == ["config.json"]


@pytest.mark.parametrize(
    "field, value",
    [
        ("seed", "0"),
        ("seed", None),
        ("seed", []),
        ("seed", {}),
        ("seed", {"a": 1}),
        ("train", 7),
        ("train", []),
        ("train", {}),
        ("nothing", 1),
        ("", 1),
        ("train.targets", "text"),
        ("train.targets", [[1], [2]]),
        ("model.attention", {"kind": {"kind": 1}}),
        ("data.video", None),
    ],
)
def test_fields_of_other_types_are_named(tmp_path, capsys, field, value):
    stored = as_dict(defaults())
    *sections, leaf = field.split(".")
    node = stored
    for section in sections:
        node = node[section]
    node[leaf] = value
    make(tmp_path / "config.json", json.dumps(stored))
    with pytest.raises(UserError, match=f"{field}.* there and .* here") as raised:
        workdir.open_run(tmp_path, defaults())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["model.attention.radius", "data.height", "data.width", "data.video.depth"])
@pytest.mark.parametrize("value", ["x", [1], -300, 1.5, True])
def test_what_the_run_has_measured_is_checked(tmp_path, capsys, name, value):
    path = "configs/appearance.py" if name.startswith("data") else "configs/video.py"
    config = load_config(path)
    config.update_from_flattened_dict(
        {"model.attention.radius": 3, "data.height": 64, "data.width": 64, "data.video.depth": 8}
    )
    stored = as_dict(config)
    *sections, leaf = name.split(".")
    node = stored
    for section in sections:
        node = node[section]
    node[leaf] = value
    make(tmp_path / "config.json", json.dumps(stored))
    for mode in ([], ["--mode=evaluate"]):
        flags = [f"--config={path}", "--config.data.path=none.mp4", f"--workdir={tmp_path}", *mode]
        assert main(flags) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{tmp_path}/config.json: {name} is " in line


@pytest.mark.parametrize(
    "results",
    [
        {"corruptions": 7},
        {"corruptions": {"both": 3}},
        {"nats_per_frame": "x"},
        {"data_set": 1},
        {"data_set": {}, "scores": []},
    ],
)
def test_results_of_another_content_are_made_again(tmp_path, monkeypatch, capsys, results):
    config = tiny.tiny_config()
    tiny.config_file(tmp_path / "tiny.py", config)
    workdir.open_run(tmp_path / "run", config)
    of_run = {"steps": config.train.steps, "config": as_dict(config)}
    results_file.write_results(tmp_path / "run", {**of_run, **results})

    def train(*arguments):
        raise UserError("trains")

    monkeypatch.setattr("vpn_anomaly.training.run.train", train)
    assert main([f"--config={tmp_path}/tiny.py", f"--workdir={tmp_path}/run"]) == 2
    assert capsys.readouterr().err == "error: trains\n"
