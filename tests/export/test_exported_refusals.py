"""What an export cannot do is said in one line; a damaged or broken one is not used."""

import importlib.util
import json
import shutil

import numpy as np
import pytest

from tests import tiny
from vpn_anomaly import catalogue
from vpn_anomaly.export import parity, writing
from vpn_anomaly.export.formats import FORMATS
from vpn_anomaly.main import main

pytestmark = pytest.mark.slow


def refused(capsys, *flags):
    """The one line with which the program ends."""
    capsys.readouterr()
    assert main(list(flags)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture(scope="module")
def sequences(tmp_path_factory):
    """From the number of frames and the side of a frame to the path of a sequence of them."""
    folder = tmp_path_factory.mktemp("sequences")

    def made(frames=tiny.FRAMES, side=tiny.SIDE):
        path = folder / f"{frames}-{side}.npy"
        np.save(path, np.zeros((1, frames, side, side, 1), np.uint8))
        return f"--input={path}"

    return made


def test_formats_are_those_of_the_command_line():
    assert tuple(row.name for row in FORMATS) == catalogue.EXPORT_FORMATS


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--mode=evaluate", "--workdir=results"], "is an export, which scores and watches only"),
        (["--mode=export", "--output=other"], "is an export, which scores and watches only"),
        (["--mode=score", "--config.score.masks=3"], "was made with score.masks=2, not 3"),
        (
            ["--mode=score", "--config.score.every_frame=true"],
            "scores the last frame of sequences of 8 frames",
        ),
        (["--mode=score", "--config.train.steps=9"], "trained with another config"),
    ],
)
def test_what_the_programs_cannot_do(exported, sequences, capsys, monkeypatch, tmp_path, flags, words):
    monkeypatch.chdir(tmp_path)
    more = [sequences(), "--output=scores.csv"] if "--mode=score" in flags else []
    assert words in refused(capsys, f"--checkpoint={exported.folder}", *flags, *more)
    assert not (tmp_path / "scores.csv").exists() and not (tmp_path / "other").exists()


def test_longer_sequences_are_refused(exported, sequences, capsys, tmp_path):
    flags = ["--mode=score", sequences(tiny.FRAMES + 1), f"--output={tmp_path}/scores.csv"]
    line = refused(capsys, f"--checkpoint={exported.folder}", *flags)
    assert "not frames 8 of 9 frames of 32×32 pixels with 1 channel" in line


@pytest.mark.parametrize(
    "flags, words",
    [
        ([], "--mode=export needs --output=FOLDER"),
        (
            ["--output=new", "--format=torch"],
            "there is no format 'torch' to export as; the formats are: stablehlo",
        ),
        (["--output=full"], "is there already and not empty"),
        (["--output=full/file"], "is there already and not empty"),
        (["--output=full/file/below"], "cannot write"),
    ],
)
def test_commands_that_cannot_work(exported, capsys, monkeypatch, tmp_path, flags, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("kept")
    assert words in refused(capsys, *exported.flags, "--mode=export", *flags)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "file"]


def test_a_format_is_for_exports(exported, capsys, sequences, tmp_path):
    flags = ["--mode=score", sequences(), f"--output={tmp_path}/scores.csv", "--format=onnx"]
    assert "--format is for --mode=export only" in refused(capsys, *exported.flags, *flags)


@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is not None, reason="jax2onnx is installed")
def test_onnx_without_its_converter(exported, capsys, tmp_path):
    line = refused(capsys, *exported.flags, "--mode=export", "--format=onnx", f"--output={tmp_path}/out")
    assert "needs jax2onnx" in line and "experiments/onnx_environment.sh" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["clips.stablehlo", "calibration.npz", "load_export.py", "about.json"])
def test_damage_is_found(exported, capsys, sequences, tmp_path, name):
    shutil.copytree(exported.folder, tmp_path / "export")
    path = tmp_path / "export" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    flags = ["--mode=score", sequences(), f"--output={tmp_path}/scores.csv"]
    assert "is damaged" in refused(capsys, f"--checkpoint={tmp_path}/export", *flags)
    assert not (tmp_path / "scores.csv").exists()


def test_an_export_that_scores_otherwise_is_not_written(exported, capsys, monkeypatch, tmp_path):
    """Nor is one that is interrupted: nothing is left."""
    flags = [*exported.flags, "--mode=export", f"--output={tmp_path}/out"]
    monkeypatch.setattr(parity, "SEQUENCES", 2)
    monkeypatch.setattr(parity, "TOLERANCE", 1e-30)
    assert "the program clips scores otherwise than the package" in refused(capsys, *flags)
    assert not list(tmp_path.iterdir())

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_about_member", interrupted)
    monkeypatch.setattr(parity, "TOLERANCE", 1e-4)
    monkeypatch.setattr(parity, "STREAMED", 8)
    assert main(flags) == 130
    assert not list(tmp_path.iterdir())


def test_parity_is_absolute_up_to_one_and_relative_beyond():
    wanted = {"small": np.array([0.5, 0.0]), "large": np.array([1000.0, -2000.0])}
    found = {"small": np.array([0.5, 9e-5]), "large": np.array([1000.09, -2000.0])}
    measured = parity.Parity.of(found, wanted)
    assert (measured.absolute, measured.beyond) == pytest.approx((0.09, 0.9)) and measured.compared == 2
    measured.check("clips")
    found["small"][1] = np.nan
    with pytest.raises(parity.UserError, match="scores otherwise"):
        parity.Parity.of(found, wanted).check("clips")


def test_about_names_what_the_programs_take_and_give(exported):
    about = json.loads((exported.folder / "about.json").read_text())
    stream = about["programs"]["stream"]
    assert stream["inputs"][0] == {"name": "frames", "shape": [1, 32, 32, 1], "dtype": "uint8"}
    state = [of["name"] for of in stream["inputs"][1:]]
    following = {name.replace("state/", "next/") for name in state}
    assert "state/lstm/0" in state and following <= {of["name"] for of in stream["outputs"]}
    assert about["weights"]["inside"] and about["platforms"] == ["cpu", "cuda", "tpu"]
    assert {of["dtype"] for of in stream["outputs"]} == {"float32", "uint8", "int32", "bool"}
