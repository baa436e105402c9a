"""Exponents of power laws, and trainings in several processes, with a stand-in for the program."""

import numpy as np
import pytest

from experiments.benchmarks import processes, scaling
from vpn_anomaly.errors import UserError

# Process INDEX of COUNT: the first one logs steps that take 1 / COUNT seconds, from the tenth on.
TRAINING = """
import json, pathlib, sys
flags = dict(flag[2:].split("=", 1) for flag in sys.argv[1:])
count, index = int(flags.get("process_count", 1)), int(flags.get("process_index", 0))
assert count == 1 or flags["coordinator"].startswith("localhost:")
assert index < FAILS, "no such process"
folder = pathlib.Path(flags["workdir"])
if index == 0:
    folder.mkdir()
    steps = range(1, int(flags["config.train.steps"]) + 1)
    lines = [{"step": step, "seconds": 100 + step / count if step > 9 else step} for step in steps]
    (folder / "train.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in lines))
"""


def program(tmp_path, fails):
    path = tmp_path / "training.py"
    path.write_text(TRAINING.replace("FAILS", str(fails)))
    return (str(path),)


def test_the_exponent_of_a_power_law_is_exact():
    sizes = [2, 4, 8, 16]
    fit = scaling.exponent(sizes, [0.1 * size**1.5 for size in sizes])
    assert fit == pytest.approx({"exponent": 1.5, "low": 1.5, "high": 1.5})


def test_intervals_hold_the_true_exponent_as_often_as_they_say():
    rng, sizes = np.random.default_rng(0), np.array([2, 4, 8, 16])
    fits = [scaling.exponent(sizes, sizes * np.exp(rng.normal(0, 0.1, 4))) for _ in range(400)]
    share = np.mean([fit["low"] <= 1 <= fit["high"] for fit in fits])
    assert share == pytest.approx(scaling.CONFIDENCE, abs=0.04)


def test_rows_are_fitted_by_what_was_varied(monkeypatch):
    monkeypatch.setattr(processes, "seconds_a_step", lambda: {"1": 2.0})
    rows = [
        {"varied": varied, **scaling.BASE, varied: value, "median_s": value**power}
        for varied, power in (("frames", 1), ("side", 2), ("batch", 0.5))
        for value in scaling.VALUES[varied]
    ]
    found = scaling.summary(rows)
    exponents = {name: round(fit["exponent"], 6) for name, fit in found["exponents"].items()}
    assert exponents == {"frames": 1, "area": 1, "batch": 0.5} and found["processes"] == {"1": 2.0}


def test_seconds_a_step_of_one_and_two_processes(tmp_path):
    found = processes.seconds_a_step((1, 2), program(tmp_path, fails=2))
    assert found == pytest.approx({"1": 1.0, "2": 0.5})


def test_a_failed_process_is_told(tmp_path):
    with pytest.raises(UserError, match="2 processes failed: AssertionError: no such process"):
        processes.seconds_a_step((2,), program(tmp_path, fails=1))
