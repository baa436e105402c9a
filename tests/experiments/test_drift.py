"""The drift of a stream: its parts, and that every score is from the memory of the frames before."""

import jax
import numpy as np
import pytest

from experiments import drift
from tests.systems.examples import example, maps_of, small_config
from vpn_anomaly.config import as_dict, defaults
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.storage import workdir

SHIFTS = np.array([[0, 0]])


def test_the_parts_do_not_meet():
    assert drift.parts_of(5000) == {"first": range(19, 1019), "last": range(4000, 5000)}
    assert drift.parts_of(24) == {"first": range(19, 21), "last": range(22, 24)}
    with pytest.raises(UserError, match="--frames=20: give 21"):
        drift.parts_of(20)


@pytest.mark.slow
def test_scores_are_those_of_the_whole_sequence():
    system, params, batch = example(small_config())
    side = batch["clip"].shape[2]
    clips = np.random.default_rng(0).integers(0, 256, (2, 23, side, side, 1), dtype=np.uint8)
    result = drift.drift(ClipScorer(system, params, SHIFTS, 2), clips)
    for part, numbers in drift.parts_of(23).items():
        maps = maps_of(system, params, clips, SHIFTS, tuple(numbers))
        expected = np.asarray(jax.jit(frame_scores)(maps)["mean_nll"]).mean()
        np.testing.assert_allclose(result[part]["mean"]["mean_nll"], expected, rtol=1e-5)
        assert result[part]["frames"] == 2 * len(numbers)
        assert set(result[part]["accuracy"]) == {"temporal: tail_mean", "spatial: missing_z"}
    assert "mean_nll" in drift.report(result)


def test_what_is_no_run_on_moving_mnist_is_refused(tmp_path, capsys):
    assert drift.main([f"--workdir={tmp_path}"]) == 2
    assert "there is no config" in capsys.readouterr().err
    config = defaults()
    config.system = "vpn"
    workdir.write_json(tmp_path / "config.json", as_dict(config))
    assert drift.main([f"--workdir={tmp_path}"]) == 2
    assert "has no memory" in capsys.readouterr().err
    config.system, config.data.path = "inpainting", "film.npy"
    workdir.write_json(tmp_path / "config.json", as_dict(config))
    assert drift.main([f"--workdir={tmp_path}"]) == 2
    assert "Moving MNIST" in capsys.readouterr().err
