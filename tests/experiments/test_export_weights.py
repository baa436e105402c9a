"""A tiny run, exported: the same scores from --checkpoint as from the run."""

import csv
import json
import shutil

import numpy as np
import pytest

from experiments import export_weights
from tests.tiny import config_file, tiny_config
from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.main import main
from vpn_anomaly.storage import calibration_file, results_file, workdir


@pytest.fixture(scope="module")
def config_flag(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.py"
    config_file(path, tiny_config())
    return f"--config={path}"


def export(capsys, directory, output, *more):
    """What the program prints, line by line; it has to succeed."""
    code = export_weights.main([f"--workdir={directory}", f"--output={output}", *more])
    out, err = capsys.readouterr()
    assert code == 0 and all(line.startswith("calibrating: ") for line in err.splitlines())
    assert bool(err) == ("--dtype=float16" in more)  # only rounded weights are calibrated again
    return out.splitlines()


def refused(capsys, directory, output, *more):
    """The one line that the program ends with; nothing is written."""
    assert export_weights.main([f"--workdir={directory}", f"--output={output}", *more]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert not output.exists()
    return err


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "--workdir"),
        (["--workdir=x"], "--output"),
        (["--workdir=x", "--output=y", "--dtype=int8"], "'float16'"),
    ],
)
def test_arguments_that_cannot_work(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        export_weights.main(arguments)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and words in err and err.count("\n") == 1


def test_what_is_no_finished_run_is_refused(capsys, tmp_path):
    directory, output, config = tmp_path / "run", tmp_path / "out", tiny_config()
    assert "no results" in refused(capsys, directory, output)
    directory.mkdir()
    results = {"steps": 2, "config": configuration.as_dict(config)}
    results_file.write_results(directory, results)
    assert "nothing was trained" in refused(capsys, directory, output)
    (directory / "results.json").unlink()
    workdir.open_run(directory, config)
    results_file.write_results(directory, results)
    assert "2 of 4 steps" in refused(capsys, directory, output)
    results_file.write_results(directory, {**results, "steps": 4})
    assert "no checkpoint" in refused(capsys, directory, output)
    results_file.write_results(directory, {"steps": 4, "config": {"train": {"stepz": 4}}})
    assert "stepz" in refused(capsys, directory, output)


# --- with a run that is trained


@pytest.fixture(scope="module")
def run(config_flag, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "tiny"
    assert main([config_flag, f"--workdir={directory}"]) == 0
    return directory


@pytest.fixture(scope="module")
def sequences(tmp_path_factory):
    """A file of 3 corrupted test sequences."""
    path = tmp_path_factory.mktemp("input") / "sequences.npz"
    source = build_source(tiny_config().data)
    np.savez(path, sequences=evaluation_clips(source, "test", 3, "both").clip)
    return path


def scores_file(output, sequences, *arguments):
    """The bytes of the CSV and the maps that --mode=score writes."""
    output.mkdir()
    files = [output / "scores.csv", output / "maps.npz"]
    flags = [f"--input={sequences}", f"--output={files[0]}", f"--maps={files[1]}"]
    assert main([*arguments, "--mode=score", *flags]) == 0
    return files[0].read_bytes(), files[1].read_bytes()


@pytest.mark.slow
def test_float32_weights_score_and_evaluate_as_the_run_does_to_the_bit(
    config_flag, run, sequences, tmp_path, capsys
):
    lines = export(capsys, run, tmp_path / "weights")
    size = (tmp_path / "weights" / "weights.npz").stat().st_size
    assert f"weights.npz: {size:,} bytes" in lines
    checkpoint = f"--checkpoint={tmp_path}/weights"
    expected = scores_file(tmp_path / "a", sequences, config_flag, f"--workdir={run}")
    assert scores_file(tmp_path / "b", sequences, checkpoint) == expected

    directory = tmp_path / "evaluated"
    capsys.readouterr()
    assert main([checkpoint, "--mode=evaluate", f"--workdir={directory}"]) == 0
    table = capsys.readouterr().out
    ours, theirs = (results_file.read_results(where) for where in (directory, run))
    for name in ("corruptions", "maps", "nats_per_frame", "steps", "parameters", "config", "sequences_seen"):
        assert ours[name] == theirs[name]
    assert "break-even accuracy" in table and f"nats per frame: {theirs['nats_per_frame']:,.6g}" in table
    assert {path.name for path in directory.iterdir()} == {
        "checkpoint.json",
        "figures",
        "report.html",
        "results.json",
        "scores.npz",
    }
    about = json.loads((tmp_path / "weights" / "about.json").read_text())
    assert (about["commit"], about["hardware"]) == (theirs["commit"], theirs["hardware"])
    assert 0 < about["wall_seconds"] < theirs["wall_seconds"]


@pytest.mark.slow
def test_float16_weights_are_smaller_and_score_closely(run, sequences, tmp_path, capsys):
    large, small = tmp_path / "float32", tmp_path / "float16"
    export(capsys, run, large)
    lines = export(capsys, run, small, "--dtype=float16")
    sizes = [(folder / "weights.npz").stat().st_size for folder in (large, small)]
    assert sizes[1] < 0.6 * sizes[0]
    rows = []
    for folder in (large, small):
        text, _ = scores_file(folder / "scores", sequences, f"--checkpoint={folder}")
        rows.append(list(csv.DictReader(text.decode().splitlines())))
    for exact, rounded in zip(*rows, strict=True):
        for name in exact:
            assert float(rounded[name]) == pytest.approx(float(exact[name]), rel=0.02, abs=0.02)
        assert exact["mean_nll"] != rounded["mean_nll"]
    with np.load(large / "calibration.npz") as exact, np.load(small / "calibration.npz") as rounded:
        for name in exact.files:
            if name.startswith("score/"):
                change = np.abs(exact[name] - rounded[name]).max()
                told = next(line for line in lines if line.split()[0] == name[6:])
                assert float(told.split()[1]) == pytest.approx(change, rel=0.01) and change > 0


@pytest.mark.slow
def test_what_watching_found_normal_goes_with_exact_weights_only(run, tmp_path, capsys):
    directory, output = tmp_path / "run", tmp_path / "weights"
    shutil.copytree(run, directory)
    scores, made_with = {"validation/mean_nll": np.arange(3.0)}, {"step": 4}
    calibration_file.save(directory / "checkpoints", made_with, scores, calibration_file.STREAM)
    assert any(line.startswith("watch_calibration.npz: ") for line in export(capsys, directory, output))
    stored = calibration_file.load(output, made_with, name=calibration_file.STREAM)
    np.testing.assert_array_equal(stored["validation/mean_nll"], np.arange(3.0))
    lines = export(capsys, directory, output, "--dtype=float16")
    assert any("needs the normal footage" in line for line in lines)
    assert calibration_file.load(output, made_with, name=calibration_file.STREAM) is None


@pytest.mark.slow
def test_a_run_whose_parts_do_not_belong_together_is_refused(run, tmp_path, capsys):
    directory, output = tmp_path / "run", tmp_path / "out"
    shutil.copytree(run, directory)
    (directory / "checkpoints" / "calibration.npz").unlink()
    assert "no calibration" in refused(capsys, directory, output)
    shutil.rmtree(directory / "checkpoints" / "4")
    assert "of step 2" in refused(capsys, directory, output)


def test_values_that_float16_cannot_hold_are_refused():
    cast = export_weights.cast("kernel", np.float32([0.5, -6e4]), "float16")
    np.testing.assert_array_equal(cast, np.float16([0.5, -6e4]))
    with pytest.raises(export_weights.UserError, match="kernel .*--dtype=float32"):
        export_weights.cast("kernel", np.float32([0.5, 7e4]), "float16")
