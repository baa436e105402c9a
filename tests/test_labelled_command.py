"""Labelled sets from the command line: one command each, and what ends in one line."""

import csv
import itertools
import json
import re
import shutil

import numpy as np
import pytest

from tests import tiny
from tests.data.labelled_files import write_cells
from tests.data.video_files import write_image
from tests.labelled_sets import FRAMES, LAYOUTS, write_set
from vpn_anomaly.main import main


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    """A config file of a tiny system for videos; the source and the path are set by flags."""
    fields = {"data.path": "normal.mkv", "train.steps": 2, "evaluate.calibration_sequences": 2}
    path = tmp_path_factory.mktemp("config") / "tiny.py"
    tiny.config_file(path, tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    return path


def flags(config_file, source, folder, directory):
    return [
        f"--config={config_file}",
        f"--config.data.source={source}",
        f"--config.data.path={folder}",
        f"--config.data.video.cache={directory}/cache",
        f"--workdir={directory}/run",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("source", LAYOUTS)
def test_a_set_is_trained_on_and_evaluated_by_one_command_and_again(config_file, tmp_path, capsys, source):
    write_set(source, tmp_path / "set")
    command = flags(config_file, source, tmp_path / "set", tmp_path)
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^any +0\.\d{3} \[", printed, re.MULTILINE)
    assert "not done: no clip is normalised (evaluate.protocol.normalise_clips)" in printed
    with (tmp_path / "run/frames.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == sum(FRAMES)
    before = json.loads((tmp_path / "run/results.json").read_text())
    assert main([*command, "--mode=evaluate"]) == 0
    after = json.loads((tmp_path / "run/results.json").read_text())
    assert before["scores"] == after["scores"] and before["maps"] == after["maps"]
    capsys.readouterr()
    assert main(command) == 0
    assert "is finished; its results" in capsys.readouterr().out
    assert main([*command, "--mode=evaluate", "--config.evaluate.protocol.smoothing=2"]) == 0
    assert "smoothed by a Gaussian of 2 frames" in capsys.readouterr().out


# A test clip in each layout of images.
FRAME_FOLDERS = {
    "ucsd": "Test/Test002",
    "shanghaitech": "testing/frames/01_0002",
    "frame_folders": "testing/frames/02",
}


def nothing(folder, source):
    shutil.rmtree(folder)
    return "no such folder; expected"


def another_layout(folder, source):
    other = next(name for name in LAYOUTS if name != source)
    shutil.rmtree(folder)
    write_set(other, folder)
    return "looked for"


def too_few_frames(folder, source):
    if source == "avenue":
        path = folder / "ground_truth_demo/testing_label_mask/2_label.mat"
        write_cells(path, [np.zeros((24, 32), np.uint8)] * 13)
        return r"13 labels, but .* has 14 frames"
    if source == "ucsd":
        (folder / "Test/Test003/011.tif").unlink()
        return r"frames 4:11 of Test003, which has frames 1:10"
    (folder / FRAME_FOLDERS[source] / "013.png").unlink()
    if source == "frame_folders":  # the last frame is no gap, and not labelled
        np.save(folder / "frame_labels_ped2.npy", np.zeros(sum(FRAMES)))
        return rf"{sum(FRAMES)} labels, but .* has {sum(FRAMES) - 1} frames"
    return r"14 labels, but .* has 13 frames"


def no_frames(folder, source):
    if source == "avenue":
        (folder / "testing_videos/02.avi").write_bytes(b"")
        return "the file is empty"
    for image in (folder / FRAME_FOLDERS[source]).iterdir():
        image.unlink()
    return "no images in it"


def frames_of_two_sizes(folder, source):
    image = sorted((folder / FRAME_FOLDERS[source]).iterdir())[7]
    write_image(image, np.zeros((12, 32, 1), np.uint8))
    return f"images of different sizes, 00[01].* 32x24 and {image.name} 32x12 pixels; copy this clip"


@pytest.mark.parametrize(
    "source, damage",
    [
        *itertools.product(LAYOUTS, [nothing, another_layout, too_few_frames, no_frames]),
        *((source, frames_of_two_sizes) for source in FRAME_FOLDERS),
    ],
)
def test_what_cannot_be_evaluated_ends_with_a_line_before_training(
    config_file, tmp_path, capsys, source, damage
):
    write_set(source, tmp_path / "set", strays=False)
    words = damage(tmp_path / "set", source)
    assert main(flags(config_file, source, tmp_path / "set", tmp_path)) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("decoding ")]
    assert len(lines) == 1 and lines[0].startswith("error: ") and re.search(words, lines[0])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "fields, words",
    [
        (["--config.data.source=ucsb"], "one of sequences, video, ucsd, avenue, shanghaitech, frame_folders"),
        (["--config.data.source=ucsd", "--config.data.path="], "data.path is empty; set it to the folder"),
        (["--config.data.source=ucsd", "--config.system=vpn"], "use inpainting or block_inpainting"),
        (["--config.data.source=ucsd", "--config.data.video.rate=5"], "set it to 0"),
        (["--config.evaluate.protocol.smoothing=-1"], "from 0 to 10000"),
        (["--config.evaluate.protocol.masks=some"], "one of auto, required, off"),
        (["--config.evaluate.baselines=none"], "one of cheap, all"),
        *(
            (
                ["--config.evaluate.protocol.published=true", f"--config.evaluate.protocol.{name}={value}"],
                f"evaluate.protocol.{name} ({value}) are set; leave evaluate.protocol.{name} at {off}",
            )
            for name, value, off in (
                ("normalise_clips", True, False),
                ("smoothing", 5.0, 0),
                ("dropped_frames", 3, 0),
            )
        ),
    ],
)
def test_fields_that_cannot_be_end_with_a_line(config_file, capsys, fields, words):
    assert main([f"--config={config_file}", *fields]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error


@pytest.mark.slow
def test_weights_are_evaluated_on_another_set(config_file, tmp_path, capsys):
    from experiments.export_weights import main as export

    for source in ("ucsd", "avenue"):
        write_set(source, tmp_path / source)
    assert main(flags(config_file, "ucsd", tmp_path / "ucsd", tmp_path)) == 0
    assert export([f"--workdir={tmp_path}/run", f"--output={tmp_path}/weights"]) == 0
    command = [
        f"--checkpoint={tmp_path}/weights",
        "--mode=evaluate",
        "--config.data.source=avenue",
        f"--config.data.path={tmp_path}/avenue",
        f"--config.data.video.cache={tmp_path}/cache",
    ]
    assert main([*command, f"--workdir={tmp_path}/on_avenue"]) == 0
    results = json.loads((tmp_path / "on_avenue/results.json").read_text())
    # Not the calibration that came with the weights, which is of the other set's normal clips.
    assert list((tmp_path / "weights").glob("watch_calibration*"))
    assert list((tmp_path / "on_avenue").glob("watch_calibration*"))
    assert results["data_set"]["source"] == "avenue" and results["scores"]["any"]["auroc_micro"] is not None
    capsys.readouterr()
    again = [word.replace("avenue", "ucsd") for word in command]
    assert main([*again, f"--workdir={tmp_path}/on_avenue"]) == 2
    assert "use a new or empty --workdir" in capsys.readouterr().err
