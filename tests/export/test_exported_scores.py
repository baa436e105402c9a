"""An export scores as the run that it was made of, through this package and by its own loader alone."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

import vpn_anomaly
from tests import tiny
from vpn_anomaly.main import main

pytestmark = pytest.mark.slow
ALONE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "vpn_anomaly":
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import json, numpy as np
from load_export import Export
export, clips = Export(sys.argv[1]), np.load(sys.argv[2])
of_clips = {name: score.tolist() for name, score in export.clips(clips).items()}
of_stream = list(export.stream(clips.reshape(-1, *clips.shape[2:])))
print(json.dumps([of_clips, of_stream]))
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """The path of three sequences, more than a batch, and these."""
    path = tmp_path_factory.mktemp("clips") / "clips.npy"
    clips = np.random.default_rng(0).integers(0, 256, (3, tiny.FRAMES, tiny.SIDE, tiny.SIDE, 1), np.uint8)
    np.save(path, clips)
    return path, clips


@pytest.fixture(scope="module")
def alone(exported, clips):
    """The scores of the sequences, and of the same frames as a stream, by the loader without the package."""
    command = [sys.executable, "-c", ALONE, exported.folder, clips[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return json.loads(done.stdout)


def scored(model, clips, output):
    """The rows that --mode=score writes."""
    assert main([*model, "--mode=score", f"--input={clips[0]}", f"--output={output}"]) == 0
    with output.open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_package_scores_with_it_as_with_the_run(exported, clips, alone, tmp_path):
    wanted = scored(exported.flags, clips, tmp_path / "run.csv")
    found = scored([f"--checkpoint={exported.folder}"], clips, tmp_path / "export.csv")
    assert len(found) == 3
    for of_export, of_run in zip(found, wanted, strict=True):
        assert of_export == pytest.approx(of_run, rel=1e-5, abs=1e-5)
    for number, row in enumerate(wanted):
        of_loader = {name: scores[number] for name, scores in alone[0].items()}
        assert of_loader == pytest.approx({name: row[name] for name in of_loader}, rel=1e-5, abs=1e-5)
        assert "any" in of_loader and of_loader.keys() == row.keys() - {"sequence", "frame"}


def test_the_loader_streams_as_the_package_does(tiny_run, clips, alone):
    from vpn_anomaly.data.lattice import fixed_shifts
    from vpn_anomaly.scoring.stream_scorer import StreamScorer

    shift_Mx2 = fixed_shifts(tiny_run.config.score.masks, tuple(tiny_run.config.data.lattice))
    scorer = StreamScorer(tiny_run.system, tiny_run.params, shift_Mx2, tiny.SIDE, tiny.SIDE)
    frames = clips[1].reshape(-1, *clips[1].shape[2:])
    for frame, found in zip(frames, alone[1], strict=True):
        assert found == pytest.approx(scorer(frame).scores, rel=1e-4, abs=1e-4)
    assert not alone[1][tiny_run.system.first_frame - 1] and alone[1][-1]


def test_the_library_loads_it_to_score_and_nothing_else(exported, tiny_run, clips, tmp_path):
    detector = vpn_anomaly.load(exported.folder)
    found, wanted = (one.score(clips[1]).scores for one in (detector, vpn_anomaly.load(tiny_run.directory)))
    assert set(found) == set(wanted) == set(detector.meaning)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4, atol=1e-4)
    for refused in (detector.evaluate, lambda: detector.export(tmp_path / "again")):
        with pytest.raises(vpn_anomaly.UserError, match="is an export, which scores and watches only"):
            refused()
    with pytest.raises(vpn_anomaly.UserError, match="there is no format 'torch'"):
        vpn_anomaly.load(tiny_run.directory).export(tmp_path / "again", "torch")
    assert not list(tmp_path.iterdir())
