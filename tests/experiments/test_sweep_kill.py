"""kill -9 of a real sweep at random moments: in the end, the numbers of one that was left alone."""

import json
import pathlib
import random
import subprocess
import sys
import time

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = 3
ROWS = ("none", "two_targets")
SWEEP = """
CONFIG = "configs/quick.py:debug"
COMMON = {
    "data.height": 32, "data.width": 32, "data.frames": 6, "model.context": 3,
    "model.encoder.dilations": (1,), "model.attention.kind": "none", "train.targets": (5,),
    "train.steps": 30, "evaluate.calibration_sequences": 4, "evaluate.sequences": 6,
}
RUNS = {"none": {}, "two_targets": {"train.targets": (4, 5)}}
"""


def start(path, place):
    command = [sys.executable, "-m", "experiments.sweep", f"--sweep={path}",
               f"--workdir={place / 'work'}", f"--results={place / 'kept'}"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(path, place):
    """Seconds that the rest of the sweep took."""
    started, process = time.monotonic(), start(path, place)
    output = process.communicate(timeout=900)[0].decode()
    logs = "\n".join(log.read_text() for log in place.glob("work/*/*.log"))
    assert process.returncode == 0, output + logs
    return time.monotonic() - started


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
    seconds = finish(path, alone)
    for _ in range(KILLS):
        process, moment = start(path, killed), moments.uniform(1.0, 0.8 * seconds)
        time.sleep(moment)
        print(f"killed after {moment:.1f} of {seconds:.1f} s:",
              sorted(str(log.relative_to(killed)) for log in killed.glob("*/*/*/train.jsonl")),
              sorted(str(done.relative_to(killed)) for done in killed.glob("kept/*/*/*.json")))
        process.kill()
        process.communicate()
    finish(path, killed)
    for row in ROWS:
        (results, scores), (results_k, scores_k) = kept(alone, row), kept(killed, row)
        assert results == results_k
        assert scores.keys() == scores_k.keys() and "temporal/mean_nll" in scores
        for name, score_N in scores.items():
            assert score_N.tobytes() == scores_k[name].tobytes(), name
    # Were the rows' numbers all the same, the comparison could not fail.
    assert not np.array_equal(kept(alone, ROWS[0])[1]["normal/mean_nll"],
                              kept(alone, ROWS[1])[1]["normal/mean_nll"])
