"""Validation trials: what is compared and stored, and what is refused."""

import json

import pytest

from experiments import validation_trials

SWEEP = """
CONFIG = "configs/quick.py:debug"
COMMON = {"model.attention.kind": "none", "train.steps": 1, "score.masks": 1}
RUNS = {"one": {}, "two": {"model.stem": 8}}
"""


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SWEEP)
    return path


@pytest.mark.slow
def test_rows_are_compared_once(sweep, tmp_path, monkeypatch, capsys):
    output = tmp_path / "trials.json"
    monkeypatch.setattr(validation_trials, "SEQUENCES", 6)
    command = [f"--sweep={sweep}", "--only=one", f"--output={output}"]
    assert validation_trials.main(command) == 0
    written = json.loads(output.read_text())
    assert written["sequences"] == 6 and set(written["rows"]) == {"one"}
    row = written["rows"]["one"]
    assert 0 < row["nats_per_pixel"] < 6 and set(row["accuracy"]) == {"spatial", "both"}
    assert row["accuracy"]["spatial"]["missing_z"] == row["missing_z"]["accuracy"]
    assert "one" in capsys.readouterr().out
    assert validation_trials.main(command) == 0 and not capsys.readouterr().out
    assert json.loads(output.read_text()) == written


def test_what_cannot_be_tried_is_one_line(sweep, tmp_path, capsys):
    assert validation_trials.main([f"--sweep={sweep}", "--only=third"]) == 2
    assert "--only=third" in capsys.readouterr().err
    (tmp_path / "other.json").write_text("[]")
    assert validation_trials.main([f"--sweep={sweep}", f"--output={tmp_path}/other.json"]) == 2
    error = capsys.readouterr().err
    assert "holds no validation trials" in error and error.count("\n") == 1
