"""Kills of random processes at random moments: KILLS=20 python -m pytest -n 0 tests/distributed/test_kills.py"""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from tests.compilation_cache import READ_ONLY
from tests.distributed import running
from tests.tiny import config_file, tiny_config
from vpn_anomaly.storage import checkpoint_reading, checkpoints

KILLS = int(os.environ.get("KILLS", "0"))
STEPS, EVERY = 40 * KILLS, 5
LONGEST = 60  # seconds until the others have ended


def newest(folder):
    return max(checkpoints.saved_steps(folder / "checkpoints"), default=0)


def kill_one(processes, folder, moments, from_start):
    """Kills one of them after some seconds from now, or from a new checkpoint; what the other said, and when."""
    before, killed = newest(folder), moments.randrange(len(processes))
    while not from_start and newest(folder) <= before and processes[killed].poll() is None:
        time.sleep(0.01)
    time.sleep(moments.uniform(0.5, 12) if from_start else moments.uniform(0, 3))
    processes[killed].kill()
    began = time.monotonic()
    try:
        (survivor,) = running.ended([one for one in processes if one is not processes[killed]], LONGEST)
    except subprocess.TimeoutExpired:
        pytest.fail(f"process {1 - killed} hangs")
    assert processes[killed].wait() == -signal.SIGKILL
    lines = [line for line in survivor.stderr.splitlines() if line.startswith("error")]
    return {"killed": killed, "code": survivor.code, "seconds": time.monotonic() - began, "lines": lines}


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="the number of kills is the environment variable KILLS")
def test_none_hangs_no_checkpoint_is_lost_and_the_end_is_that_of_an_unbroken_run(tmp_path, monkeypatch):
    fields = {
        "train.steps": STEPS,
        "train.checkpoint_every": EVERY,
        "train.batch_size": 4,
        "train.carried": True,
    }
    config_file(tmp_path / "tiny.py", tiny_config(fields))
    flags = lambda name: [f"--config={tmp_path / 'tiny.py'}", f"--workdir={tmp_path / name}", "--mode=train"]
    assert [one.code for one in running.run(flags("unbroken"), 2)] == [0, 0]
    moments, folder, port, saved = random.Random(1), tmp_path / "killed", running.free_port(), 0
    with monkeypatch.context() as patched:
        for name, value in READ_ONLY.items():
            patched.setenv(name, value)
        for number in range(KILLS):
            processes = running.start(flags("killed"), 2, port=port)
            found = kill_one(processes, folder, moments, from_start=number % 2 == 1)
            print(json.dumps({**found, "newest": newest(folder)}), flush=True)
            assert found["code"] == 2 and len(found["lines"]) == 1 and newest(folder) >= saved
            saved = newest(folder)
    assert [one.code for one in running.run(flags("killed"), 2)] == [0, 0]
    arrays = [
        checkpoint_reading.read_record(tmp_path / name / "checkpoints" / str(STEPS))["arrays"]
        for name in ("killed", "unbroken")
    ]
    assert arrays[0] == arrays[1]
