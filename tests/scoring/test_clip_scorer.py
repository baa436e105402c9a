"""Scores of clips do not depend on how they are batched, or on how many devices there are."""

import dataclasses
import json
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

from tests.score_columns import DISTRIBUTION_SCORES
from vpn_anomaly.data.lattice import fixed_shifts

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAST = 7


def test_scores_do_not_depend_on_the_batch_size(scorer, clips):
    counts = []
    in_twos = scorer.scores(clips, LAST, counts.append)
    at_once = dataclasses.replace(scorer, batch_size=7).scores(clips, LAST)
    assert counts == [2, 2, 1]
    assert set(in_twos) == set(DISTRIBUTION_SCORES)
    for name, score_N in in_twos.items():
        assert score_N.shape == (5,) and len(np.unique(score_N)) == 5
        np.testing.assert_allclose(score_N, at_once[name], rtol=1e-5, atol=1e-5)


def test_mean_nll_is_the_mean_over_masks_then_pixels(tiny_run, scorer, clips):
    """One mask at a time through the system, averaged by hand."""
    shift_Mx2 = fixed_shifts(2, (4, 5))
    one_mask = jax.jit(
        lambda clip, shift_1x2: tiny_run.system.maps(tiny_run.params, clip, shift_1x2, (LAST,))
    )
    total, times = 0, 0
    for shift in shift_Mx2:
        maps = one_mask(clips[:2], shift[None])
        counted = np.asarray(maps.counted[:, 0])
        total = total + np.where(counted, np.asarray(maps.value["nll"][:, 0]), 0)
        times = times + counted
    expected = (total / times).mean((1, 2))
    np.testing.assert_allclose(scorer.scores(clips[:2], LAST)["mean_nll"], expected, rtol=1e-5)


def test_every_frame_is_scored_by_itself_and_those_before(scorer, clips):
    frames = (3, 4, 5, 6, 7)
    (scores, maps), *_ = scorer.batches(clips[:2], frames)
    assert maps.value["tail"].shape == (2, 5, 32, 32)
    last = scorer.scores(clips[:2], LAST)
    changed = clips[:2].copy()
    changed[:, 5] = 255 - changed[:, 5]
    (other, _), *_ = scorer.batches(changed, frames)
    for name in DISTRIBUTION_SCORES:
        np.testing.assert_allclose(scores[name][:, 4], last[name], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(scores[name][:, :2], other[name][:, :2])
        assert (scores[name][:, 2:] != other[name][:, 2:]).all()


# Fake devices have to be asked for before jax starts: each number of them has its own process.
SCORES_PROGRAM = """
import json, pathlib, sys, jax, numpy as np
jax.config.update("jax_num_cpu_devices", int(sys.argv[1]))
from vpn_anomaly import config as configuration
from vpn_anomaly.scoring.trained_model import trained_run
directory = pathlib.Path(sys.argv[2])
config = configuration.defaults()
stored = json.loads((directory / "config.json").read_text())
config.update_from_flattened_dict(configuration.flat(stored))
scores = trained_run(config, directory).scorer(config).scores(np.load(sys.argv[3]), 7)
print(json.dumps([jax.device_count(), {name: score.tolist() for name, score in scores.items()}]))
"""


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_devices(tiny_run, clips, tmp_path):
    np.save(tmp_path / "clips.npy", clips)
    given = [str(tiny_run.directory), str(tmp_path / "clips.npy")]
    (one, expected), (two, scores) = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", SCORES_PROGRAM, devices, *given],
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
            ).stdout
        )
        for devices in ("1", "2")
    )
    assert (one, two) == (1, 2) and set(scores) == set(DISTRIBUTION_SCORES)
    for name in DISTRIBUTION_SCORES:
        np.testing.assert_allclose(scores[name], expected[name], rtol=1e-5, atol=1e-5)
