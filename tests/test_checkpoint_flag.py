"""--checkpoint on the command line: what it brings, and every combination that cannot work."""

import os
import subprocess
import sys

import numpy as np
import pytest

from vpn_anomaly import command_line
from vpn_anomaly.config import as_dict, defaults, differences
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.storage import calibration_file, exported_weights, workdir
from vpn_anomaly.variants import apply_variant


@pytest.fixture
def folder(tmp_path):
    """A checkpoint of config `stored()`, without weights: enough for the command line."""
    folder = tmp_path / "weights"
    folder.mkdir()
    calibration_file.save(folder, {}, {"mean_nll": np.ones(2)})
    exported_weights.write(folder, {}, {"config": as_dict(stored()), "step": 4, "commit": None})
    return folder


def stored():
    config = apply_variant(defaults(), "debug")
    config.model.attention.kind = "none"
    return config


def parse(folder, *arguments):
    return command_line.parse([f"--checkpoint={folder}", *arguments])


def test_the_checkpoint_brings_its_config(folder, tmp_path):
    arguments = parse(folder, "--mode=evaluate", f"--workdir={tmp_path}/new")
    assert arguments.checkpoint == folder and arguments.overrides == {}
    assert not differences(arguments.config, stored())


def test_evaluation_and_scoring_fields_can_be_set_and_the_others_to_what_they_are(folder):
    arguments = parse(
        folder,
        "--mode=describe",
        "--config.evaluate.sequences=3",
        "--config.score.masks=1",
        "--config.model.attention.kind=none",
    )
    assert differences(arguments.config, stored()) == ["evaluate.sequences", "score.masks"]


def test_a_config_file_has_no_checkpoint():
    assert command_line.parse(["--config=configs/quick.py"]).checkpoint is None


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["trained already", "--mode=score", "evaluate"]),
        (["--mode=train"], ["trained already", "--mode=score", "evaluate"]),
        (["--mode=describe", "--config=configs/quick.py"], ["brings its own config", "--config"]),
        (["--mode=describe", "--config.model.stem=2"], ["model.stem 4 there and 2 here", "weights"]),
        (["--mode=describe", "--config.seed=3", "--config.data.digits=tfds"], ["seed 0", "data.digits"]),
        (["--mode=describe", "--config.score.masks=0"], ["score.masks is 0"]),
        (["--mode=describe", "--config.score.maskz=1"], ["'score.maskz'"]),
        (["--mode=describe", "--checkpoint=nowhere"], ["'nowhere'", "'pretrained'"]),
        (["--mode=describe", "--checkpoint="], ["''", "'pretrained'"]),
        (["--mode=evaluate"], ["--workdir", "new or empty"]),
        (["--mode=score"], ["--input=FILE"]),
        (["--mode=score", "--workdir=w"], ["leave --workdir out"]),
    ],
)
def test_arguments_that_cannot_work(folder, capsys, tmp_path, arguments, words):
    before = sorted(os.listdir(tmp_path))
    assert main([f"--checkpoint={folder}", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    for word in words:
        assert word in err
    assert sorted(os.listdir(tmp_path)) == before


def test_damage_is_told_in_one_line_before_the_workdir_is_made(folder, capsys, tmp_path):
    path = folder / "weights.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    arguments = [f"--checkpoint={folder}", "--mode=evaluate", f"--workdir={tmp_path}/new"]
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert "weights.npz differs from its checksum" in err and err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_weights_of_another_model_are_told_in_one_line(folder, capsys, tmp_path):
    assert main([f"--checkpoint={folder}", "--mode=evaluate", f"--workdir={tmp_path}/new"]) == 2
    err = capsys.readouterr().err
    assert "is absent there" in err and err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_workdir_belongs_to_one_checkpoint(tmp_path):
    directory = tmp_path / "new" / "er"
    workdir.open_evaluation(directory, "one")
    (directory / "results.json").write_text("{}")
    workdir.open_evaluation(directory, "one")
    with pytest.raises(UserError, match="new or empty"):
        workdir.open_evaluation(directory, "other")
    with pytest.raises(UserError, match="not a run"):
        workdir.open_run(directory, defaults())
    assert sorted(os.listdir(directory)) == ["checkpoint.json", "results.json"]
    (tmp_path / "file").write_text("precious")
    with pytest.raises(UserError, match="new or empty"):
        workdir.open_evaluation(tmp_path, "one")
    with pytest.raises(UserError, match="cannot write"):
        workdir.open_evaluation(tmp_path / "file", "one")
    workdir.open_run(tmp_path / "run", defaults())
    with pytest.raises(UserError, match="new or empty"):
        workdir.open_evaluation(tmp_path / "run", "one")


def test_as_a_program(folder):
    done = subprocess.run(
        [sys.executable, "-m", "vpn_anomaly.main", f"--checkpoint={folder}"],
        cwd=exported_weights.PRETRAINED_FOLDER.parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and done.stdout == "" and "trained already" in done.stderr
