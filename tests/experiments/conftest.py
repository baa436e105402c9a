"""A program that stands in for vpn_anomaly.main in the tests of sweeps, and sweep files."""

import os
import pathlib
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Reads the real command line, and does what the row's name says. Every start is a line of
# `started`, beside the folders of the rows.
FAKE_MAIN = """
import json, os, pathlib, signal, sys, time
import numpy as np
from vpn_anomaly import command_line, config as configuration

arguments = command_line.parse(sys.argv[1:])
config, folder = arguments.config, arguments.workdir
row, top = folder.parent.name, folder.parents[1]
folder.mkdir(parents=True, exist_ok=True)
with (top / "started").open("a") as file:
    file.write(f"{row} {config.seed} {os.getpid()}\\n")
if row == "fails" and not (top / "mended").exists():
    print("Traceback (most recent call last):\\nMemoryError: no room\\n", flush=True)
    sys.exit(3)
if row == "vanishes":
    os.kill(os.getpid(), signal.SIGKILL)
if row == "empty":
    sys.exit(0)
if row == "waits":
    def stop(*_):
        (folder / "saved").touch()
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    (folder / "train.jsonl").write_text('{"step": 2}\\n{"step": 3, "loss": 0.5}\\n{"step": 4, "lo')
    while not (top / "released").exists():
        time.sleep(0.02)
if row.startswith("meets"):  # the other one has to run at the same time
    (folder / "here").touch()
    other = top / {"meets_a": "meets_b", "meets_b": "meets_a"}[row] / folder.name / "here"
    end = time.monotonic() + 30
    while not other.exists():
        assert time.monotonic() < end, "nobody came"
        time.sleep(0.02)
(folder / "train.jsonl").write_text(json.dumps({"step": config.train.steps}) + "\\n")
scores = {f"{group}/{name}": np.arange(3) + config.seed / 7 for group in ("normal", "temporal")
          for name in ("mean_nll", "constant")}
np.savez(folder / "scores.npz", **scores)
results = {"corruptions": {"temporal": {"mean_nll": {"auroc": 0.75}}}, "steps": config.train.steps,
           "wall_seconds": 1.5, "config": configuration.as_dict(config)}
(folder / "results.json").write_text(json.dumps(results))
"""


@pytest.fixture
def fake_program(tmp_path, monkeypatch):
    """Arguments of the interpreter that start the fake."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    script = tmp_path / "fake_main.py"
    script.write_text(FAKE_MAIN)
    return (str(script),)


@pytest.fixture
def sweep_file(tmp_path, monkeypatch):
    """Writes a sweep file of the given rows over quick.py:debug; returns its path."""
    monkeypatch.chdir(ROOT)

    def write(*rows, seeds=(0,), extra=""):
        path = tmp_path / "tiny.py"
        path.write_text(
            textwrap.dedent(f"""
            CONFIG = "configs/quick.py:debug"
            COMMON = {{"evaluate.sequences": 3}}
            RUNS = {{row: {{"train.targets": (10, 13)}} for row in {rows!r}}}
            SEEDS = {seeds!r}
            STORED_SCORES = ("mean_nll", "frame_error")
            """)
            + extra
        )
        return path

    return write
