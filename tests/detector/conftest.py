"""A tiny detector of two members: its config file, and a trained and evaluated one."""

import types

import pytest

from tests import tiny
from tests.data.video_files import write_video
from tests.watching.conftest import footage
from vpn_anomaly import members
from vpn_anomaly.main import main
from vpn_anomaly.storage import workdir

MEMBERS = ("motion", "appearance")
FIELDS = {
    **tiny.VIDEO_FIELDS,
    "detector.members": MEMBERS,
    "detector.appearance.data.frames": 2,
    "detector.appearance.data.height": 16,
    "detector.appearance.data.width": 16,
    "detector.appearance.evaluate.sequences": 5,
    "detector.appearance.evaluate.calibration_sequences": 6,
    "detector.appearance.train.steps": 3,
    "evaluate.corruptions": ("temporal",),
    "train.report_every": 2,
    "train.steps": 2,
}


@pytest.fixture(scope="session")
def detector(tmp_path_factory):
    """flags that train a detector on tiny footage, and the folder of the footage."""
    folder = tmp_path_factory.mktemp("detector")
    path = write_video(folder / "normal.mkv", footage(400))
    fields = {**FIELDS, "data.path": path, "data.video.cache": str(folder / "cache")}
    tiny.config_file(folder / "tiny.py", tiny.tiny_config(fields))
    return types.SimpleNamespace(flags=[f"--config={folder}/tiny.py"], folder=folder)


@pytest.fixture(scope="session")
def finished(detector, tmp_path_factory):
    """flags and directory of a detector that one command trained and evaluated."""
    directory = tmp_path_factory.mktemp("finished") / "run"
    flags = [*detector.flags, f"--workdir={directory}"]
    assert main(flags) == 0
    return types.SimpleNamespace(flags=flags, directory=directory)


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    """config, flags and directory of a detector, and its members' parameters."""
    folder = tmp_path_factory.mktemp("stored")
    path = write_video(folder / "normal.mkv", footage(400))
    fields = {**FIELDS, "data.path": path, "data.video.depth": 8, "data.video.cache": str(folder / "cache")}
    steps = {"train.steps": tiny.STEP, "detector.appearance.train.steps": tiny.STEP}
    config = tiny.tiny_config({**fields, **steps})
    workdir.open_run(folder / "run", config)
    runs = {
        name: tiny.stored_run(folder / "run" / name, one)
        for name, one in members.member_configs(config).items()
    }
    left_open = config.copy_and_resolve_references()
    left_open.model.attention.radius = 0  # the motion that was measured is stored with the run
    tiny.config_file(folder / "tiny.py", left_open)
    flags = [f"--config={folder}/tiny.py", f"--workdir={folder}/run"]
    return types.SimpleNamespace(config=config, flags=flags, directory=folder / "run", runs=runs)
