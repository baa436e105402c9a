"""Programs that work long look at --output first, and do not write over what they read."""

import json
import os

import pytest

from experiments import bench, drift, export_weights, learning_rates, systems_figure, watch_score
from experiments.synthetic import conveyor, footage
from experiments.synthetic.conveyor_world.world import Conveyor
from tests import tiny
from tests.files.test_output_files import content
from vpn_anomaly.config import as_dict
from vpn_anomaly.storage import results_file, workdir

SWEEP = """
NAME, CONFIG, SEEDS = "mine", "configs/quick.py:debug", (0,)
RUNS = {"one": {}}
LEARNING_RATES = (1e-3,)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with something for every program to read, which it must not come to."""

    def work(*arguments, **more):
        raise AssertionError("began to work")

    for module, name in (
        (bench, "measure"),
        (drift, "long_clips"),
        (export_weights, "trained_run"),
        (footage, "read_frames"),
        (systems_figure, "systems_figure"),
        (watch_score, "read_scores"),
        (Conveyor, "frame"),
        (learning_rates.concurrent.futures, "ProcessPoolExecutor"),
    ):
        monkeypatch.setattr(module, name, work)
    config = as_dict(tiny.tiny_config())
    for name in ("run/checkpoints", "world", "street"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "street/1.png",
        "world/test.mkv",
        "world/s.csv",
        "world/e.jsonl",
        "run/checkpoints/calibration.npz",
    ):
        (tmp_path / name).write_text(name)
    os.link(tmp_path / "world/test.mkv", tmp_path / "film.mkv")
    (tmp_path / "truth.json").symlink_to("world/truth.json")
    (tmp_path / "mine.py").write_text(SWEEP)
    workdir.write_json(tmp_path / "world/truth.json", {"frames": 1})
    workdir.write_json(tmp_path / "run/config.json", config)
    results_file.write_results(tmp_path / "run", {"config": config, "steps": config["train"]["steps"]})
    (tmp_path / "file").write_text("file")
    (tmp_path / "configs").symlink_to(os.path.abspath("configs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


SCORED = ["--world=world", "--scores=world/s.csv", "--events=world/e.jsonl"]
PROGRAMS = {
    bench: ["--suite=step"],
    drift: ["--workdir=run"],
    export_weights: ["--workdir=run"],
    footage: ["--input=film.mkv"],
    learning_rates: ["--sweep=mine.py"],
    watch_score: SCORED,
    systems_figure: ["--sweep=mine.py", "--workdir=runs"],
    conveyor: [],
    "conveyor in UCSD's layout": ["--layout=ucsd"],
}


def everything(place):
    return [content(folder) for folder in (place, *filter(os.path.isdir, sorted(place.rglob("*"))))]


def refused(place, capsys, program, arguments, output):
    before = everything(place)
    program = conveyor if isinstance(program, str) else program
    try:
        code = program.main([*arguments, f"--output={output}"])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert everything(place) == before
    return err


@pytest.mark.parametrize("output", ["/proc/o.json", "file/o.json", "/proc/none/o.json"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: getattr(program, "__name__", program))
def test_what_cannot_be_written_is_told_before_the_work(place, capsys, program, output):
    assert "cannot write" in refused(place, capsys, program, PROGRAMS[program], output)


@pytest.mark.parametrize(
    "program, arguments, output",
    [
        (footage, ["--input=world/test.mkv"], "world"),
        (footage, ["--input=film.mkv"], "./world/../world"),
        (footage, ["--input=world/*.mkv"], "world"),
        (footage, ["--input=street"], "street"),
        (drift, ["--workdir=run"], "run/config.json"),
        (drift, ["--workdir=run"], "run/checkpoints/calibration.npz"),
        (export_weights, ["--workdir=run"], "run/checkpoints"),
        (export_weights, ["--workdir=run"], "run/./checkpoints"),
        (watch_score, SCORED, "truth.json"),
        (watch_score, SCORED, "world/s.csv"),
        (watch_score, SCORED, "film.mkv"),
    ],
)
def test_what_is_read_is_not_written_over(place, capsys, program, arguments, output):
    assert "different files" in refused(place, capsys, program, arguments, output)


def test_a_file_of_something_else_is_not_taken_for_losses(place, capsys):
    for text in ("no JSON", json.dumps({"rows": []}), "[]"):
        (place / "rows.json").write_text(text)
        assert "holds no losses" in refused(place, capsys, learning_rates, ["--sweep=mine.py"], "rows.json")
