"""An exported detector of two members watches as the run does, also several sources at once."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.data.video_files import write_video
from tests.detector import conftest as detector
from tests.watching.conftest import COUNT, HEIGHT, WIDTH, footage
from vpn_anomaly.command_line import parse
from vpn_anomaly.detector import loading
from vpn_anomaly.export import parity
from vpn_anomaly.main import main
from vpn_anomaly.scoring.stream_detector import build_stream_detector

pytestmark = pytest.mark.slow
stored = detector.stored  # the fixture
ALONE = """
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from load_export import Export
assert "vpn_anomaly" not in sys.modules
export, frames = Export(sys.argv[1]), np.load(sys.argv[2])
print(json.dumps(list(export.stream(frames[:: export.about["every"]]))))
"""


@pytest.fixture(scope="module")
def exported(stored, tmp_path_factory):
    """The folder of an export of the detector."""
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as few:
        few.setattr(parity, "SEQUENCES", 4)
        few.setattr(parity, "STREAMED", 12)
        assert main([*stored.flags, "--mode=export", f"--output={folder}/out"]) == 0
    return folder / "out"


def watched(model, sources, output):
    """The rows of --scores of a watch."""
    inputs = [f"--input={source}" for source in sources]
    assert main([*model, "--mode=watch", *inputs, f"--scores={output}"]) == 0
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(row):
    return {name: float(value) for name, value in row.items() if name != "source" and value}


def test_it_watches_as_the_run_does(stored, exported, tmp_path):
    films = [write_video(tmp_path / f"{seed}.mkv", footage(COUNT, seed)) for seed in (1, 2)]
    wanted = watched(stored.flags, films, tmp_path / "run.csv")
    found = watched([f"--checkpoint={exported}"], films, tmp_path / "export.csv")
    assert len(found) == 2 * COUNT
    in_order = lambda rows: sorted(rows, key=lambda row: (row["source"], int(row["frame"])))
    for of_export, of_run in zip(*map(in_order, (found, wanted)), strict=True):
        assert numbers(of_export) == pytest.approx(numbers(of_run), rel=1e-4, abs=1e-4)


def test_a_member_streams_by_its_loader_alone(stored, exported, tmp_path):
    frames = footage(COUNT, 1)
    np.save(tmp_path / "frames.npy", frames)
    film = write_video(tmp_path / "1.mkv", frames)
    rows = watched([f"--checkpoint={exported}/motion"], [film], tmp_path / "1.csv")
    command = [sys.executable, "-c", ALONE, exported / "motion", tmp_path / "frames.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    arguments = parse([f"--checkpoint={exported}/motion", "--mode=watch", f"--input={film}"])
    (member,) = build_stream_detector(loading.load(arguments)[1], [(HEIGHT, WIDTH)]).members
    for row, scores in zip(rows, json.loads(done.stdout), strict=True):
        if scores:
            least = member.normal.calibration.log_least_p(member.in_any, scores)
            assert scores.pop("any") == pytest.approx(-least, rel=1e-4)
        assert scores == pytest.approx({name: float(row[name]) for name in scores}, rel=1e-4, abs=1e-4)
    assert scores
