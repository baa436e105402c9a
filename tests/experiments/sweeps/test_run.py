"""A run's command line says what its config says, for every type of field."""

import pathlib
import re
import sys

import pytest

from experiments.sweeps.definition import Definition, load_definition
from experiments.sweeps.log_tail import last_line, last_step
from experiments.sweeps.run import Process, Run, command, requested_runs
from vpn_anomaly import command_line

ROOT = pathlib.Path(__file__).resolve().parents[3]
VALUES = {
    "data.digits": "my digits.npz",
    "data.path": "",
    "data.speed": (0.05, 0.125),
    "data.lattice": (2, 5),
    "data.train_sequences": 12,
    "model.use_masked_frame": False,
    "model.rematerialise": True,
    "model.attention.kind": "none",
    "train.targets": (19,),
    "model.attention.windows": [3, 9],
    "train.learning_rate": 1e-7,
    "train.clip_norm": 2,
    "train.optimizer": "sgd",
    "evaluate.corruptions": ("both", "temporal"),
    "evaluate.false_alarm_rate": 1 / 3,
}


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def check_commands(definition, directory):
    for run in requested_runs(definition, definition.runs, definition.seeds, directory, directory / "r"):
        python, *program = command(definition, run, ("-m", "some.program"))
        assert (python, program[:2]) == (sys.executable, ["-m", "some.program"])
        parsed = command_line.parse(program[2:])
        assert parsed.config.to_dict() == run.config.to_dict()
        assert parsed.workdir == directory / run.row / f"seed{run.seed}" == run.folder
        assert run.log == directory / run.row / f"seed{run.seed}.log"


def test_commands_say_the_config(tmp_path):
    every = {f"row_{number}": {name: value} for number, (name, value) in enumerate(VALUES.items())}
    runs = {"all": VALUES, "none": {}, **every}
    check_commands(
        Definition("x", "configs/quick.py:debug", {"train.steps": 9}, runs, (0, 5), ("any",)), tmp_path
    )


def test_tuples_are_written_without_spaces(tmp_path):
    definition = Definition("x", "configs/quick.py", {}, {"a": {"train.targets": (10, 13)}}, (0,), ("any",))
    (run,) = requested_runs(definition, ["a"], [0], tmp_path, tmp_path)
    assert "--config.train.targets=(10,13)" in command(definition, run, ())


def test_commands_of_the_ablations_say_their_configs(tmp_path):
    check_commands(load_definition(ROOT / "experiments/definitions/ablations.py"), tmp_path)


def test_seeds_come_one_after_the_other(tmp_path):
    definition = Definition("x", "configs/quick.py", {}, {"b": {}, "a": {}}, (1, 0), ("any",))
    runs = requested_runs(definition, ["b", "a"], (1, 0), tmp_path, tmp_path / "results")
    assert [(run.row, run.seed, run.config.seed) for run in runs] == [
        ("b", 1, 1),
        ("a", 1, 1),
        ("b", 0, 0),
        ("a", 0, 0),
    ]
    assert runs[0].results_path == tmp_path / "results/x/b/seed1.json"


def test_the_end_of_a_log(tmp_path):
    log = tmp_path / "log"
    assert (last_line(log), last_step(log)) == ("", None)
    log.write_text("x" * 9000 + '\n{"step": 3}\n{"step": 4, "lo')
    assert (last_line(log), last_step(log)) == ('{"step": 4, "lo', 3)
    log.write_text("error: no\n\n  \n")
    assert (last_line(log), last_step(log)) == ("error: no", None)
    assert last_line(log, start=10) == ""


PROGRESS = (
    "import os, signal, sys; print('the run is in x', flush=True);"
    "print('step 1/40  loss 0.5 nats\\nstep 9/40  loss 0.25 nats  2.00 steps/s  0:15 left',"
    "      file=sys.stderr, flush=True);"
)


@pytest.mark.parametrize(
    "end, words",
    [
        ("sys.exit('error: a loss that is not finite')", "exit code 1: error: a loss that is not finite"),
        ("1 / 0", "exit code 1: ZeroDivisionError: division by zero"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "killed by SIGKILL (out of memory?): step 9/40  loss 0.25 nats  2.00 steps/s  0:15 left",
        ),
    ],
)
def test_last_words_after_lines_of_progress(tmp_path, end, words):
    run = Run("a", 0, None, tmp_path / "a/seed0", tmp_path / "unused")
    process = Process(run, [sys.executable, "-c", PROGRESS + end])
    process.process.wait()
    assert process.failure_reason() == words


@pytest.mark.slow
def test_last_words_of_a_training_that_diverges(tmp_path):
    overrides = {"train.optimizer": "sgd", "train.learning_rate": 1e3, "train.clip_norm": 1e30}
    definition = Definition("x", "configs/quick.py:debug", {}, {"a": overrides}, (0,), ("any",))
    (run,) = requested_runs(definition, ["a"], [0], tmp_path, tmp_path)
    process = Process(run, command(definition, run, ("-m", "vpn_anomaly.main")))
    process.process.wait()
    assert re.fullmatch(
        r"exit code 2: error: training stopped at step \d: .*train\.clip_norm", process.failure_reason()
    )
    first, shown, _ = run.log.read_text().splitlines()
    assert first == f"the run is in {run.folder}" and shown.startswith("step 1/4  loss ")
