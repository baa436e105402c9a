"""An exported detector: a folder that holds its config, and one folder a member with its weights."""

import csv
import json
import shutil

import numpy as np
import pytest

from experiments import export_weights
from tests import tiny
from tests.detector.conftest import MEMBERS
from vpn_anomaly import config as configuration
from vpn_anomaly.command_line import parse
from vpn_anomaly.data.build import build_source
from vpn_anomaly.detector import loading
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.scoring.clip_calibration import clip_calibration
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.storage import provenance, results_file


@pytest.fixture(scope="module")
def exported(stored, tmp_path_factory):
    """The folder of a copy of the detector, as if evaluated, and the folder that it was exported to."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(stored.directory, folder / "run")
    for name in MEMBERS:
        config = stored.runs[name].config
        trained = trained_run(config, folder / "run" / name)
        count = config.evaluate.calibration_sequences
        clip_calibration(trained, trained.scorer(config), build_source(config.data), count)
    results = {
        "config": configuration.as_dict(stored.config),
        "members": {name: {"steps": tiny.STEP} for name in MEMBERS},
        **provenance.of_this_process(),
    }
    results_file.write_results(folder / "run", results)
    assert export_weights.main([f"--workdir={folder}/run", f"--output={folder}/weights"]) == 0
    return folder


def test_the_members_are_those_of_the_run(stored, exported):
    config, loaded = loading.load(
        parse([f"--checkpoint={exported}/weights", "--mode=watch", "--input=x.mkv"])
    )
    assert config.detector.members == MEMBERS
    for one in loaded:
        assert not configuration.differences(one.config, stored.runs[one.name].config)
        for found, wanted in zip(
            *(tiny.jax.tree.leaves(of.params) for of in (one.trained, stored.runs[one.name]))
        ):
            np.testing.assert_array_equal(found, wanted)
    assert [(one.name, one.every) for one in loaded] == [("motion", 1), ("appearance", 10)]


def test_some_of_the_members_are_chosen_by_a_field(exported):
    flags = [f"--checkpoint={exported}/weights", "--mode=watch", "--input=x.mkv"]
    _, (member,) = loading.load(parse([*flags, "--config.detector.members=appearance"]))
    assert member.name == "appearance"
    with pytest.raises(UserError, match="trained with another config: detector.members"):
        parse([*flags, "--config.detector.members=()"])


def test_it_scores_as_the_run_does(stored, exported, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (2, tiny.FRAMES, 16, 16), np.uint8)
    np.save(tmp_path / "clips.npy", frames)
    found = []
    for model in ([f"--checkpoint={exported}/weights"], [stored.flags[0], f"--workdir={exported}/run"]):
        output = tmp_path / f"{len(found)}.csv"
        assert main([*model, "--mode=score", f"--input={tmp_path}/clips.npy", f"--output={output}"]) == 0
        found.append(list(csv.DictReader(output.open(encoding="utf-8", newline=""))))
    assert found[0] == found[1]


def test_a_member_alone_is_a_checkpoint(exported):
    arguments = parse([f"--checkpoint={exported}/weights/motion", "--mode=watch", "--input=x.mkv"])
    _, (member,) = loading.load(arguments)
    assert (member.name, member.config.system) == ("", "inpainting")


def test_members_of_another_detector_are_refused(exported, tmp_path):
    shutil.copytree(exported / "weights", tmp_path / "weights")
    about = tmp_path / "weights/appearance/about.json"
    shutil.copyfile(tmp_path / "weights/motion/about.json", about)
    arguments = parse([f"--checkpoint={tmp_path}/weights", "--mode=watch", "--input=x.mkv"])
    with pytest.raises(UserError, match="damaged: appearance was exported with another detector"):
        loading.load(arguments)
    about.write_text(json.dumps({}))
    with pytest.raises(UserError, match="appearance is damaged"):
        loading.load(arguments)


def test_a_run_does_not_start_from_a_detector(stored, exported, tmp_path, capsys):
    flags = [stored.flags[0], f"--config.train.start_from={exported}/weights", f"--workdir={tmp_path}/run"]
    assert main(flags) == 2
    assert "is a detector of motion, appearance; give one of these" in capsys.readouterr().err


def test_what_is_no_finished_detector_is_not_exported(stored, tmp_path, capsys):
    shutil.copytree(stored.directory, tmp_path / "run")
    results = {"config": configuration.as_dict(stored.config), "members": {"motion": {"steps": tiny.STEP}}}
    results_file.write_results(tmp_path / "run", results)
    assert export_weights.main([f"--workdir={tmp_path}/run", f"--output={tmp_path}/out"]) == 2
    assert "has not trained all steps of its members; train to the end" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_it_is_evaluated_as_the_run_was(finished, tmp_path, capsys):
    assert export_weights.main([f"--workdir={finished.directory}", f"--output={tmp_path}/weights"]) == 0
    flags = [f"--checkpoint={tmp_path}/weights", "--mode=evaluate"]
    assert main([*flags, f"--workdir={tmp_path}/out"]) == 0
    found, wanted = (
        json.loads((folder / "results.json").read_text())["members"]
        for folder in (tmp_path / "out", finished.directory)
    )
    for name in MEMBERS:
        assert found[name]["corruptions"] == wanted[name]["corruptions"]
        assert (tmp_path / "out" / name / "report.html").is_file()
    assert main([*flags, "--config.detector.members=motion", f"--workdir={tmp_path}/out"]) == 0
    assert list(json.loads((tmp_path / "out/results.json").read_text())["members"]) == ["motion"]
