"""kill -9 at random moments: never a lost checkpoint, never a run that cannot resume.

The number of kills is the environment variable KILLS, 3 without it.
"""

import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.compilation_cache import READ_ONLY
from tests.tiny import config_file, tiny_config
from vpn_anomaly.storage import checkpoint_reading, checkpoints

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("KILLS", "3"))
STEPS = 40 * KILLS


def start(directory, environment=()):
    path = directory.with_name("tiny.py")
    config_file(path, tiny_config({"train.steps": STEPS, "train.checkpoint_every": 2}))
    command = [
        sys.executable,
        "-m",
        "vpn_anomaly.main",
        f"--config={path}",
        f"--workdir={directory}",
        "--mode=train",
    ]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(directory):
    process = start(directory)
    output = process.communicate(timeout=600)[0].decode()
    assert process.returncode == 0, output


def newest(directory):
    return max(checkpoints.saved_steps(directory / "checkpoints"), default=0)


def kill_after_new_checkpoint(directory, seconds):
    """Starts the run, waits until it has saved something, and `seconds` more, and kills it."""
    before, process = newest(directory), start(directory, READ_ONLY)
    while newest(directory) <= before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)
    process.kill()
    output = process.communicate()[0].decode()
    assert process.returncode == -signal.SIGKILL, output  # it was under way
    assert "Traceback" not in output and not re.search("^error", output, re.M), output


def arrays(directory):
    """The bytes of the last checkpoint's arrays, by the checksums stored beside them."""
    return checkpoint_reading.read_record(directory / "checkpoints" / str(newest(directory)))["arrays"]


@pytest.mark.slow
def test_killed_runs_resume_and_end_bit_identical(tmp_path):
    finish(tmp_path / "unbroken")
    moments, killed = random.Random(0), tmp_path / "killed"
    saved = 0
    for _ in range(KILLS):
        kill_after_new_checkpoint(killed, moments.uniform(0, 0.5))
        # One save may have been cut; the ones before it stay.
        assert newest(killed) >= saved
        saved = newest(killed)
    finish(killed)
    assert newest(killed) == STEPS
    assert arrays(tmp_path / "unbroken") == arrays(killed)
    for name, score in np.load(tmp_path / "unbroken/checkpoints/calibration.npz").items():
        if name.startswith("score/"):
            other = np.load(killed / "checkpoints/calibration.npz")[name]
            np.testing.assert_array_equal(score, other)
