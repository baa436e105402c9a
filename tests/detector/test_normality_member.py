"""The member that is fitted to whole videos, from the command line: configs/video.py with it alone."""

import csv
import json
import pathlib
import re
from unittest import mock

import numpy as np
import pytest

from experiments import export_weights
from tests.data.labelled_files import write_ucsd
from tests.data.video_files import write_video
from tests.report.html_reader import read_alone
from tests.score_columns import WAYS
from tests.systems.normal_world import FRAMES, clip, normal_clips
from tests.tiny import config_file
from vpn_anomaly.command_line import parse
from vpn_anomaly.main import main
from vpn_anomaly.members import member_config
from vpn_anomaly.storage import checkpoint_reading, checkpoints
from vpn_anomaly.systems.normality import NormalitySystem

CONFIG = pathlib.Path(__file__).parents[2] / "configs" / "video.py"
FLAGS = (f"--config={CONFIG}:debug", "--config.detector.members=normality")
# Of few frames: what they can show would allow no event.
WATCH = ("--mode=watch", "--config.watch.extrapolate=true", "--config.watch.false_alarms=900")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """flags and directory of a detector that one command trained and evaluated."""
    folder = tmp_path_factory.mktemp("normality")
    for number, frames in enumerate(normal_clips()):
        write_video(folder / f"{number}.mkv", frames)
    flags = [*FLAGS, f"--config.data.path={folder}/*.mkv", f"--config.data.video.cache={folder}/cache"]
    flags.append(f"--workdir={folder}/run")
    assert main(flags) == 0
    return flags, folder / "run"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film of somebody who runs, after somebody who walks."""
    frames = np.concatenate([clip(90), clip(91, speed=2.0)])
    return write_video(tmp_path_factory.mktemp("film") / "film.mkv", frames)


def rows_of(path):
    return list(csv.DictReader(path.open(encoding="utf-8", newline="")))


def test_it_is_trained_once_and_then_finished(run, capsys):
    flags, directory = run
    assert checkpoints.saved_steps(directory / "normality" / "checkpoints") == [1]
    results = json.loads((directory / "results.json").read_text())
    record = results["members"]["normality"]
    assert (record["system"], record["sequences_seen"]) == ("normality", 4) and "corruptions" not in record
    assert (
        "Not evaluated on test sequences: normality"
        in read_alone((directory / "report.html").read_text()).text
    )
    assert main(flags) == 0
    printed, said = capsys.readouterr()
    assert "is finished; its results" in printed and "training steps" not in printed and said == ""
    (directory / "results.json").unlink()
    assert main(flags) == 0
    printed, said = capsys.readouterr()
    assert "member normality is trained" in printed and "fitting" not in said


def test_a_fit_that_is_stopped_begins_again_and_ends_as_any_other(run, tmp_path, monkeypatch):
    flags, directory = [*run[0][:-1], f"--workdir={tmp_path}/run", "--mode=train"], run[1]
    with monkeypatch.context() as patched:
        patched.setattr(NormalitySystem, "fit", mock.Mock(side_effect=KeyboardInterrupt))
        assert main(flags) == 130
    assert checkpoints.saved_steps(tmp_path / "run/normality/checkpoints") == []
    assert main(flags) == 0
    records = [
        checkpoint_reading.read_record(folder / "normality/checkpoints/1")
        for folder in (directory, tmp_path / "run")
    ]
    assert records[0]["arrays"] == records[1]["arrays"]


def test_it_finds_who_runs(run, film, tmp_path, capsys):
    flags, _ = run
    outputs = [f"--{name}={tmp_path}/out.{end}" for name, end in (("scores", "csv"), ("events", "jsonl"))]
    outputs += [f"--report={tmp_path}/out.html", f"--video={tmp_path}/out.mkv"]
    assert main([*flags, *WATCH, f"--input={film}", *outputs]) == 0
    rows = rows_of(tmp_path / "out.csv")
    names = [f"normality.{way}" for way in WAYS]
    columns = ["source", "frame", "time", *names, "any", *(f"p_{name}" for name in names)]
    assert list(rows[0]) == columns and len(rows) == 2 * FRAMES
    speed = np.array([float(row["normality.speed"] or 0) for row in rows])
    assert np.median(speed[FRAMES + 8 : FRAMES + 17]) > speed[:FRAMES].max()
    events = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {event["kind"] for event in events} >= {"speed"} and {event["kind"] for event in events} <= set(
        WAYS
    )
    assert {event["member"] for event in events} == {"normality"}
    assert all(event["peak_frame"] >= FRAMES for event in events if event["kind"] == "speed")
    page = read_alone((tmp_path / "out.html").read_text())
    assert "normality, fitted to 4 clips" in page.text
    assert "normality: threshold: p ≤ " in capsys.readouterr().out


def test_a_labelled_set_is_evaluated_by_one_command(tmp_path, capsys):
    half = FRAMES // 2
    train = {f"Train{number:03d}": frames[..., 0] for number, frames in enumerate(normal_clips(), 1)}
    odd = {"Test001": dict(right=False), "Test002": dict(level=190.0)}
    test = {
        name: np.concatenate([clip(50)[:half], clip(51, **fields)[:half]])[..., 0]
        for name, fields in odd.items()
    }
    masks = {name: np.arange(FRAMES)[:, None, None] >= np.full(test[name].shape[1:], half) for name in odd}
    write_ucsd(tmp_path / "set", train, test, masks, strays=False)
    flags = ["--config.data.source=ucsd", f"--config.data.path={tmp_path}/set", f"--workdir={tmp_path}/run"]
    assert main([*FLAGS, *flags, f"--config.data.video.cache={tmp_path}/cache"]) == 0
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["scores"]["any"]["auroc_micro"] > 0.8
    assert {*(f"normality.{way}" for way in WAYS), "any"} <= results["scores"].keys()
    assert "member normality" in read_alone((tmp_path / "run/report.html").read_text()).text
    assert re.search(r"^normality.presence +[01]\.\d{3} \[", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_export_watches_as_the_run_does(run, film, tmp_path, capsys, dtype):
    flags, directory = run
    weights = tmp_path / "weights"
    assert export_weights.main([f"--workdir={directory}", f"--output={weights}", f"--dtype={dtype}"]) == 0
    assert not (weights / "normality" / "calibration.npz").exists()
    model = [f"--checkpoint={weights}", flags[-2]]
    found = []
    for number, one in enumerate((flags, model)):
        output = tmp_path / f"{number}.csv"
        assert main([*one, *WATCH, f"--input={film}", f"--scores={output}"]) == 0
        found.append(rows_of(output))
    if dtype == "float32":
        assert found[0] == found[1]
    for name in (f"normality.{way}" for way in WAYS):
        of_run, of_export = (np.array([float(row[name] or 0) for row in rows]) for rows in found)
        assert np.corrcoef(of_run, of_export)[0, 1] > 0.99


def test_a_single_model_is_trained_exported_and_not_evaluated_on_sequences(run, tmp_path, capsys):
    config_file(tmp_path / "single.py", member_config(parse(run[0]).config, "normality"))
    flags = [f"--config={tmp_path}/single.py", f"--workdir={tmp_path}/run"]
    assert main(flags) == 0
    printed = capsys.readouterr().out
    assert "no test sequences: watch with it" in printed and "training steps" not in printed
    assert main(flags) == 0
    assert "is finished; its results" in capsys.readouterr().out
    assert export_weights.main([f"--workdir={tmp_path}/run", f"--output={tmp_path}/weights"]) == 0
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {"about.json", "weights.npz"}


def test_what_it_consists_of_is_described(run, capsys):
    flags, _ = run
    assert main([*flags[:-1], "--mode=describe"]) == 0
    printed = capsys.readouterr().out
    for words in ("member normality", "fitted to whole videos", "exemplars, speed", "sum"):
        assert words in printed


@pytest.mark.parametrize(
    "fields, words",
    [
        (["model.normality.radius=38"], "model.normality.radius is 38, but frames are 38×46 pixels"),
        (["model.normality.cell=14"], "needs 42×42 or more, 3 cells in each direction; .*cell to 0"),
        (["model.normality.cell=3"], "set an even number, or 0"),
        (["model.normality.exemplars=16", "data.path=one.npy"], "consists of 20 clips, .*set 20 or more"),
        (["model.normality.gap=40"], "too short to calibrate with: scores begin after 40 frames"),
        (["detector.normality.every=30"], "member normality: the normal footage is too short"),
        (
            ["detector.normality.data.height=64", "detector.normality.data.width=64"],
            "38×46 pixels .*both to 0",
        ),
        (["data.path=tiny.npy"], "frames are 8×9 pixels at work size, but .* needs 12×12 or more"),
        (["data.path=two"], "frames of 24×32, 38×46 pixels at work size.*videos of one camera$"),
    ],
)
def test_what_cannot_be_fitted_to_ends_with_a_line_before_any_work(
    run, tmp_path, monkeypatch, capfd, fields, words
):
    (tmp_path / "two").mkdir()
    monkeypatch.chdir(tmp_path)
    np.save("one.npy", np.zeros((1500, 38, 46), np.uint8))
    np.save("tiny.npy", np.zeros((200, 8, 9), np.uint8))
    write_video("two/a.mkv", clip(0))
    write_video("two/b.mkv", clip(0)[:, :24, :32])
    flags = [*run[0][:-1], f"--workdir={tmp_path}/run", *(f"--config.{field}" for field in fields)]
    assert main(flags) == 2
    *_, line = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ") and re.search(words, line)
    assert not (tmp_path / "run").exists()
