"""The figure of all systems: every run's map on the same sequence, and what is refused."""

import matplotlib.image
import numpy as np
import pytest

from experiments import systems_figure
from experiments.sweeps.definition import load_definition, run_config
from tests.tiny import FIELDS
from vpn_anomaly.training import run

SWEEP = f"""
CONFIG = "configs/quick.py:debug"
COMMON = {{**{FIELDS!r}, "train.steps": 1}}
RUNS = {{"first": {{}}, "second": {{"system": "frame_autoencoder"}}}}
"""


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SWEEP)
    return path


def test_the_same_sequence_under_every_corruption(sweep):
    config = run_config(load_definition(sweep), "first", 0)
    labels, clips, changed = systems_figure.labelled_clips(config, 5)
    assert labels == ["normal", "temporal", "spatial", "both"]
    np.testing.assert_array_equal(clips[:, :-1], np.broadcast_to(clips[0, :-1], clips[:, :-1].shape))
    for clip, mask in zip(clips, changed):
        np.testing.assert_array_equal(mask, (clip[-1] != clips[0, -1]).any(-1))
    np.testing.assert_array_equal(clips[1, -1], clips[0, 0])


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--rows=third"], "'third'"),
        ([], "no checkpoint"),
        (["--sweep=none.py"], "none.py"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(sweep, tmp_path, capsys, arguments, words):
    given = [f"--workdir={tmp_path}/runs", f"--sweep={sweep}", f"--output={tmp_path}/out.png"]
    assert systems_figure.main(given + arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
    assert not (tmp_path / "out.png").exists()


@pytest.mark.slow
def test_the_figure_has_a_column_a_system(sweep, tmp_path):
    definition = load_definition(sweep)
    for row in definition.runs:
        directory = tmp_path / "runs" / row / "seed0"
        directory.mkdir(parents=True)
        run.train(run_config(definition, row, 0), directory)
    given = [f"--workdir={tmp_path}/runs", f"--sweep={sweep}"]
    widths = []
    for rows in ("first", "first,second"):
        path = tmp_path / f"{rows}.png"
        assert systems_figure.main([*given, f"--output={path}", f"--rows={rows}"]) == 0
        widths.append(matplotlib.image.imread(path).shape[1])
    assert widths[1] - widths[0] > 200
