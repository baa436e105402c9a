"""A tiny run that was trained on a video, as far as the files of a run go: its parameters are random."""

import functools
import re
import types

import numpy as np
import pytest

from tests import tiny
from tests.data.video_files import write_video
from vpn_anomaly.data.video.sources import sources
from vpn_anomaly.report.watch_outputs import watch_outputs
from vpn_anomaly.report.watch_report import model_facts
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.watching.build import MonitorBuilder, build_watch_settings
from vpn_anomaly.watching.watch import watch

COUNT = 60  # frames of `frames`
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
    """config, system, random params, `TrainedModel`, and the directory of the run."""
    folder = tmp_path_factory.mktemp("video")
    path = write_video(folder / "normal.mkv", footage(400))
    fields = {"data.path": path, "data.video.cache": str(folder / "cache")}
    run = tiny.stored_run(folder / "run", tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    run.trained = trained_run(run.config, run.directory)
    return run


@pytest.fixture(scope="module")
def frames():
    """Frames that are white for a while, twice."""
    frames = footage(COUNT, seed=1)
    frames[18:24] = 255 - frames[18:24] // 4
    frames[45:50] = 255 - frames[45:50] // 2
    return frames


def paths_in(folder):
    return {
        name: folder / f"out.{ending}"
        for name, ending in (("scores", "csv"), ("events", "jsonl"), ("report", "html"))
    }


def monitor_of(video_run, rate=25, fields=types.MappingProxyType({})):
    config = video_run.config.copy_and_resolve_references()
    config.update_from_flattened_dict(fields)
    monitors = MonitorBuilder([TrainedMember("", config, video_run.trained)], build_watch_settings(config))
    return monitors.monitor([(HEIGHT, WIDTH)], rate)


def watch_to_files(config, trained, source, paths, max_frames=None, model="tiny"):
    """Watches with all outputs that have a path."""
    settings = build_watch_settings(config)
    members = [TrainedMember("", config, trained)]
    outputs = watch_outputs(paths, settings.video.frame_rate, functools.partial(model_facts, model, members))
    watch(sources(source), MonitorBuilder(members, settings), outputs, max_frames)


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
        if not re.match("decoding |calibrating: |.* frames per second,", line)
    ]
