"""about.json whose sum is right and whose content is not: one line, whatever it is."""

import json

import numpy as np
import pytest

from tests import tiny
from vpn_anomaly.config import as_dict
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums
from vpn_anomaly.main import main
from vpn_anomaly.scoring.trained_model import trained_export
from vpn_anomaly.storage import (
    calibration_file,
    checkpoints,
    exported_weights,
    named_arrays,
    results_file,
)

CONFIG = tiny.tiny_config()


@pytest.fixture(scope="module")
def weights():
    return named_arrays.host_arrays(tiny.random_params(CONFIG))


@pytest.fixture
def folder(tmp_path, weights):
    calibration_file.save(tmp_path, {"step": 5}, {"mean_nll": np.float32([1, 2, 3])})
    exported_weights.write(
        tmp_path,
        weights,
        {"config": as_dict(CONFIG), "step": 5, "commit": None, "sequences_seen": 80, "wall_seconds": 3.0},
    )
    return tmp_path


def nested(depth, inner=1):
    for _ in range(depth):
        inner = {"train": inner}
    return inner


OTHER = (None, 7, -7, 1.5, True, "text", [], [[]], {}, {"a": 1}, nested(40), nested(60), nested(400))
NEEDED = ("config", "step", "arrays", "files", "sequences_seen", "wall_seconds")
CONFIG_FIELDS = (
    "seed",
    "train",
    "train.steps",
    "train.targets",
    "data.source",
    "model.attention.kind",
    "score.masks",
    "nothing",
)


def contents(about):
    """(what is changed, the content): each key gone, and of every other kind."""
    for key in NEEDED:
        yield f"{key} gone", {name: value for name, value in about.items() if name != key}
        for value in OTHER:
            if not (
                key in ("step", "sequences_seen", "wall_seconds")
                and value == 7
                and value is not True
                or key == "wall_seconds"
                and type(value) in (int, float)
            ):
                yield f"{key}={value!r:.40}", {**about, key: value}
    for field in CONFIG_FIELDS:
        for value in OTHER:
            config = json.loads(json.dumps(about["config"]))
            *sections, leaf = field.split(".")
            node = config
            for section in sections:
                node = node.setdefault(section, {})
            if leaf in node and node[leaf] == value:
                continue
            node[leaf] = value
            yield f"config.{field}={value!r:.40}", {**about, "config": config}
    for name in ("weights.npz", "calibration.npz"):
        for value in OTHER:
            yield f"files.{name}={value!r:.40}", {**about, "files": {**about["files"], name: value}}
    for name in list(about["arrays"])[:1]:
        for value in OTHER:
            yield f"arrays.{name}={value!r:.40}", {**about, "arrays": {**about["arrays"], name: value}}


def test_a_sealed_record_of_any_content_is_told_in_one_line(folder):
    about = exported_weights.read_about(folder)
    del about["sha256"]
    tried = refused = 0
    for what, content in contents(about):
        (folder / "about.json").write_text(json.dumps(checksums.with_checksum(content)))
        tried += 1
        try:
            read = exported_weights.read_about(folder)
            trained_export(exported_weights.stored_config(read["config"], folder), folder)
        except UserError as error:
            refused += 1
            assert "\n" not in str(error) and str(folder) in str(error), what
        else:
            assert what.startswith("config."), what  # a value that this field may have
    assert refused > 150 and tried - refused < 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "[]",
        "null",
        "{",
        "[" * 5000,
        '{"a":' * 990 + "1" + "}" * 990,
        '{"sha256": ' * 5000,
        "\x00",
        '{"step": ' + "9" * 5000 + "}",
    ],
)
def test_any_text_is_told_in_one_line_by_the_command(folder, capsys, text):
    (folder / "about.json").write_text(text)
    for mode in ("score", "watch", "evaluate", "describe"):
        more = {
            "score": ["--input=x", f"--output={folder}/o.csv"],
            "watch": ["--input=x"],
            "evaluate": [f"--workdir={folder}/new"],
            "describe": [],
        }[mode]
        assert main([f"--checkpoint={folder}", f"--mode={mode}", *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: the checkpoint in") and "about.json" in line


def test_a_deep_one_that_is_sealed(folder, capsys):
    content = {"config": nested(900), "step": 5, "arrays": {}, "files": {}}
    (folder / "about.json").write_text(json.dumps(checksums.with_checksum(content)))
    assert main([f"--checkpoint={folder}", "--mode=describe"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "nested too deeply" in line


def test_a_run_whose_metadata_lacks_what_results_say(tmp_path, capsys):
    """An evaluation tells it before it scores."""
    run = tiny.stored_run(tmp_path / "run", CONFIG)
    checkpoints.save(run.directory / "checkpoints", 6, {"params": run.params, "step": np.int32(6)}, {})
    for path in (run.directory / "checkpoints").glob(f"{run.step}/**/*"):
        if path.is_file():
            path.write_bytes(b"")
    tiny.config_file(tmp_path / "tiny.py", CONFIG)
    assert main([f"--config={tmp_path}/tiny.py", f"--workdir={run.directory}", "--mode=evaluate"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "every checkpoint" in line and "no 'sequences_seen'" in line
    assert results_file.read_results(run.directory) is None
