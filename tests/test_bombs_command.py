"""On the command line, too: files that take too much memory are one line, by a field that can be raised."""

import logging

import numpy as np
import pytest

from tests import tiny
from tests.data import bombs
from vpn_anomaly import command_line
from vpn_anomaly.config import as_dict
from vpn_anomaly.data.memory_limit import TooLarge, for_sequences
from vpn_anomaly.files import checksums
from vpn_anomaly.main import main
from vpn_anomaly.storage import calibration_file, exported_weights

LIMITS = ["--config.score.max_gigabytes=0.00001", "--config.data.video.max_gigabytes=0.00001"]


def line_of(capsys, *flags) -> str:
    """The one line of an error that a command ends with."""
    assert main(list(map(str, flags))) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    return said


@pytest.fixture
def bomb(tmp_path):
    bombs.write_npz(tmp_path / "bomb.npz", (20_000, 1000, 1000, 1), megabytes=1)
    return tmp_path / "bomb.npz"


@pytest.fixture
def run(tmp_path):
    """Flags of a run that was trained on sequences, as far as its files go."""
    stored = tiny.stored_run(tmp_path / "run", tiny.tiny_config())
    tiny.config_file(tmp_path / "c.py", stored.config)
    return [f"--config={tmp_path / 'c.py'}", f"--workdir={tmp_path / 'run'}"]


def test_sequences_to_score(tmp_path, run, bomb, capsys):
    flags = [*run, "--mode=score", f"--output={tmp_path / 'o.csv'}"]
    said = line_of(capsys, *flags, f"--input={bomb}")
    assert f"{bomb}: the array in it takes 20 GB of memory, but score.max_gigabytes allows 4; give" in said
    np.savez(tmp_path / "x.npz", np.zeros((2, tiny.FRAMES, tiny.SIDE, tiny.SIDE), np.uint8))
    said = line_of(capsys, *flags, f"--input={tmp_path / 'x.npz'}", LIMITS[0])
    assert "takes 1.64e-05 GB of memory, but score.max_gigabytes allows 1e-05" in said
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("field", ["data.path", "data.digits"])
def test_sequences_and_glyphs_to_train_on(tmp_path, bomb, capsys, field):
    if field == "data.digits":
        bombs.write_npz(bomb, (10**8, 28, 28), megabytes=1)
    tiny.config_file(tmp_path / "c.py", tiny.tiny_config({field: str(bomb)}))
    said = line_of(capsys, f"--config={tmp_path / 'c.py'}", f"--workdir={tmp_path / 'run'}")
    assert "score.max_gigabytes allows 4" in said and not (tmp_path / "run").exists()


def test_what_files_may_take_can_be_set_for_a_checkpoint(tmp_path):
    calibration_file.save(tmp_path, {}, {"mean_nll": np.ones(2)})
    exported_weights.write(tmp_path, {}, {"config": as_dict(tiny.tiny_config()), "step": 4, "commit": None})
    arguments = command_line.parse([f"--checkpoint={tmp_path}", "--mode=describe", *LIMITS])
    assert arguments.config.score.max_gigabytes == arguments.config.data.video.max_gigabytes == 1e-5


def test_weights(tmp_path):
    bombs.write_npz(tmp_path / exported_weights.WEIGHTS, (10**5, 10**5), megabytes=1, names=("a", "b"))
    about = {
        "files": {exported_weights.WEIGHTS: checksums.of_file(tmp_path / exported_weights.WEIGHTS)},
        "arrays": {},
    }
    with pytest.raises(TooLarge, match="weights.npz: unpacked, it takes 20 GB .* score.max_gigabytes"):
        exported_weights.read_weights(tmp_path, about, for_sequences())


def test_scores_of_normal_sequences(tmp_path, caplog):
    bombs.write_npz(tmp_path / "calibration.npz", (10**5, 10**5), megabytes=1, names=("record", "score/any"))
    with caplog.at_level(logging.WARNING):
        assert calibration_file.load(tmp_path, {}) is None
    assert "calibration.npz is damaged (TooLarge); calibration is made again" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 74.5 TiB\nfor an array"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\nmore\nmore"),
    ],
)
def test_memory_that_is_refused(monkeypatch, capsys, error):
    def parse(argv):
        raise error

    monkeypatch.setattr(command_line, "parse", parse)
    said = line_of(capsys, "--config=x")
    assert "there is not enough memory (" in said and (str(error) or "none is left").splitlines()[0] in said


@pytest.mark.parametrize(
    "fields",
    [
        {"data.height": 65_536, "data.width": 65_536},
        {"data.frames": 10**9},
        {"train.batch_size": 2**20},
        {"evaluate.batch_size": 2**20},
    ],
)
def test_absurd_batches(capsys, fields):
    flags = [f"--config.{name}={value}" for name, value in fields.items()]
    said = line_of(
        capsys, "--config=configs/quick.py", "--config.train.loss_pixels=0", "--mode=describe", *flags
    )
    assert "pixels, but at most 2147483647 can be counted; set smaller ones" in said


@pytest.mark.parametrize(
    "name",
    [
        "data.height",
        "data.width",
        "data.video.height",
        "model.encoder.channels",
        "train.batch_size",
        "evaluate.batch_size",
        "model.stem",
    ],
)
def test_absurd_sizes_in_the_config(capsys, name):
    said = line_of(capsys, "--config=configs/quick.py", f"--config.{name}={10**9}", "--mode=describe")
    assert f"{name} is 1000000000, but has to be from " in said


def test_sequences_that_no_memory_has(capsys, tmp_path):
    """Within the range of every field, and yet too much."""
    tiny.config_file(tmp_path / "c.py", tiny.tiny_config())
    said = line_of(
        capsys,
        f"--config={tmp_path / 'c.py'}",
        f"--workdir={tmp_path / 'run'}",
        f"--config.data.digit_count={10**12}",
    )
    assert "there is not enough memory (Unable to allocate" in said
