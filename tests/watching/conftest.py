"""A tiny run that was trained on a video, as far as the files of a run go: its parameters are random."""

import re

import numpy as np
import pytest

from tests import tiny
from tests.data.video_files import write_video
from vpn_anomaly.scoring.trained_model import trained_run

HEIGHT, WIDTH = 22, 31  # no multiples of the stem: frames are padded


def footage(count, seed=0):
    """Noise that is blurred and moves a pixel a frame, uint8 (T, H, W, 1)."""
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH))
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(3)) / 3
    moved = np.stack([np.roll(noise, shift, 1) for shift in range(count)])
    return moved.round().astype(np.uint8)[..., None]


@pytest.fixture(scope="session")
def video_run(tmp_path_factory):
    """config, system, random params, `Trained`, and the directory of the run."""
    folder = tmp_path_factory.mktemp("video")
    path = write_video(folder / "normal.mkv", footage(400))
    fields = {"data.path": path, "data.video.cache": str(folder / "cache")}
    run = tiny.stored_run(folder / "run", tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    run.trained = trained_run(run.config, run.directory)
    return run


@pytest.fixture(scope="module")
def flags(video_run, tmp_path_factory):
    """The flags that name the run, with a config file of its own."""
    path = tmp_path_factory.mktemp("config") / "tiny.py"
    tiny.config_file(path, video_run.config)
    return [f"--config={path}", f"--workdir={video_run.directory}", "--mode=watch"]


def without_progress(text):
    """The lines that a watching prints, but for those that say how far it is."""
    return [
        line
        for line in text.splitlines()
        if not re.match("decoding |calibrating: |.* frames a second,", line)
    ]
