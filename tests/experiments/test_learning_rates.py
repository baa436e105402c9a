"""Trying learning rates: what is tried, what is stored, and what is refused."""

import json

import pytest

from experiments import learning_rates

SWEEP = """
CONFIG = "configs/quick.py:debug"
RUNS = {"one": {"system": "frame_autoencoder"}, "two": {"seed_of": 1}}
LEARNING_RATES = (1e-3, 3e-3)
CANDIDATES = {"other": {"model.attention.kind": "none"}}
"""


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SWEEP.replace(', "two": {"seed_of": 1}', ""))
    return path


def test_every_row_and_candidate_is_tried_with_every_rate_for_the_same_steps(sweep):
    configs, output = learning_rates.trials(sweep)
    assert list(configs) == [(row, rate) for row in ("one", "other") for rate in (1e-3, 3e-3)]
    for (row, rate), config in configs.items():
        assert config.train.learning_rate == rate and config.train.steps == learning_rates.STEPS
        assert config.seed == 0
        assert (config.system == "frame_autoencoder") == (row == "one")
    assert output.parts[-2:] == ("mine", "learning_rates.json")


def test_rows_can_be_chosen(sweep, capsys):
    configs, _ = learning_rates.trials(sweep, "other")
    assert list(configs) == [("other", rate) for rate in (1e-3, 3e-3)]
    assert learning_rates.main([f"--sweep={sweep}", "--only=third"]) == 2
    error = capsys.readouterr().err
    assert "--only=third" in error and "one, other" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "text, words",
    [
        (SWEEP, ["row two", "'seed_of'"]),
        (SWEEP.replace("LEARNING_RATES", "RATES").replace(', "two": {"seed_of": 1}', ""), ["LEARNING_RATES"]),
        ("RUNS = {", ["SyntaxError"]),
    ],
)
def test_what_cannot_be_tried_is_one_line(tmp_path, capsys, text, words):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert learning_rates.main([f"--sweep={path}", f"--output={tmp_path}/out.json"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(word in error for word in words)
    assert not (tmp_path / "out.json").exists()


def test_the_number_of_jobs_is_checked(sweep, capsys):
    with pytest.raises(SystemExit) as stopped:
        learning_rates.main([f"--sweep={sweep}", "--jobs=0"])
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and "'0'" in error and error.count("\n") == 1


@pytest.mark.slow
def test_what_is_stored_is_not_tried_again(sweep, tmp_path, monkeypatch):
    output = tmp_path / "out.json"
    stored = {"one": {"0.001": 0.5}, "other": {"0.001": 0.4, "0.003": 0.3}}
    output.write_text(json.dumps({"losses": stored}))
    monkeypatch.setattr(learning_rates, "STEPS", 2)
    assert learning_rates.main([f"--sweep={sweep}", f"--output={output}"]) == 0
    losses = json.loads(output.read_text())["losses"]
    new = losses["one"].pop("0.003")
    assert losses == stored and 0 < new < 0.2
