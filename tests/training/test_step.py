"""The compiled step: independent of the number of devices, and without gathered activations."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # each number of devices is a process that compiles

# Fake devices have to be asked for before jax starts: each number of them has its own process.
PROGRAM = """
import json, re, sys, jax, numpy as np
jax.config.update("jax_num_cpu_devices", int(sys.argv[1]))
from tests_config import small_run
losses, text = small_run()
gathers = re.findall(r"= \\S*?(\\[[0-9,]*\\]).*? all-gather", text)
print(json.dumps({"losses": losses, "gathers": gathers, "reduces": text.count("all-reduce")}))
"""

SMALL_RUN = '''
import jax, numpy as np
from tests.tiny import tiny_config
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.state import new_state
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh


def small_run(steps=3):
    """The losses of a few steps on two sequences, and the text of the compiled step."""
    config = tiny_config({
        "data.height": 16, "data.width": 16, "data.frames": 6, "model.attention.kind": "correlation",
        "train.targets": (3, 5), "train.steps": 10,
    })
    system, optimizer, mesh = build_system(config), build_optimizer(config.train), data_mesh()
    clip = np.random.default_rng(0).integers(0, 256, (2, 6, 16, 16, 1), dtype=np.uint8)
    shift = random_shifts(0, "train", np.arange(2), 6, (4, 5))
    batch = {"clip": clip, "shift": shift, "index": np.arange(2)}
    batch = jax.device_put(batch, batch_sharding(mesh))
    state = new_state(system, optimizer, 0, clip)
    step = build_train_step(system, optimizer, mesh, 0).lower(state, batch).compile()
    state = jax.device_put(state, step.input_shardings[0][0])
    losses = []
    for _ in range(steps):
        state, metrics = step(state, batch)
        losses.append(float(metrics["loss"]))
    return losses, step.as_text()
'''


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("step")
    (folder / "tests_config.py").write_text(SMALL_RUN)
    root = pathlib.Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{folder}"}

    def run(devices):
        command = [sys.executable, "-c", PROGRAM, str(devices)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return {devices: run(devices) for devices in (1, 2)}


def test_losses_do_not_depend_on_the_number_of_devices(runs):
    assert runs[2]["losses"] == pytest.approx(runs[1]["losses"], rel=1e-5)


def test_no_activation_is_gathered_and_gradients_are_reduced(runs):
    assert runs[2]["gathers"] == []
    assert runs[2]["reduces"] > 0
