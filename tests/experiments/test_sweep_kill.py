"""kill -9 of a real sweep at random moments: in the end, the numbers of one that was left alone."""

import json
import os
import pathlib
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.compilation_cache import READ_ONLY
from tests.tiny import FIELDS

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The sweep is killed a random time after each of these appears: what is then going on depends on it.
MILESTONES = (
    "work/one_target/seed0/train.jsonl",
    "kept/tiny/one_target/seed0.json",
    "work/two_targets/seed0/train.jsonl",
)
LONGEST = 2.0  # seconds; a run needs longer from each of them to its end
ROWS = ("one_target", "two_targets")
SWEEP = f"""
CONFIG = "configs/quick.py:debug"
COMMON = {{**{FIELDS!r}, "train.steps": 30}}
RUNS = {{"one_target": {{"train.targets": (7,)}}, "two_targets": {{}}}}
"""


def start(path, place, environment=()):
    command = [
        sys.executable,
        "-m",
        "experiments.sweep",
        f"--sweep={path}",
        f"--workdir={place / 'work'}",
        f"--results={place / 'kept'}",
    ]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(path, place):
    process = start(path, place)
    output = process.communicate(timeout=900)[0].decode()
    logs = "\n".join(log.read_text() for log in place.glob("work/*/*.log"))
    assert process.returncode == 0, output + logs


def kill_after(process, milestone, seconds):
    """Waits for the file and `seconds` more, and kills the sweep, which has to be under way."""
    while not milestone.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(seconds)
    under_way = process.poll() is None
    process.kill()
    output = process.communicate()[0].decode()
    assert under_way, output


def kept(place, row):
    """The results without what the time of day decides, and the scores."""
    results = json.loads((place / f"kept/tiny/{row}/seed0.json").read_text())
    assert results.pop("wall_seconds") > 0
    with np.load(place / f"kept/tiny/{row}/seed0.npz") as scores:
        return results, dict(scores)


@pytest.mark.slow
def test_a_killed_sweep_ends_with_the_same_numbers(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"random seed {seed}")
    moments = random.Random(seed)
    path = tmp_path / "tiny.py"
    path.write_text(SWEEP)
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    finish(path, alone)
    for milestone in MILESTONES:
        process, moment = start(path, killed, READ_ONLY), moments.uniform(0.0, LONGEST)
        kill_after(process, killed / milestone, moment)
        print(f"killed {moment:.2f} s after {milestone}")
    finish(path, killed)
    for row in ROWS:
        (results, scores), (results_k, scores_k) = kept(alone, row), kept(killed, row)
        assert results == results_k
        assert scores.keys() == scores_k.keys() and "temporal/mean_nll" in scores
        for name, score_N in scores.items():
            assert score_N.tobytes() == scores_k[name].tobytes(), name
    # Were the rows' numbers all the same, the comparison could not fail.
    assert not np.array_equal(
        kept(alone, ROWS[0])[1]["normal/mean_nll"], kept(alone, ROWS[1])[1]["normal/mean_nll"]
    )
