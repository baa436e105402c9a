"""A tiny run that was trained on a video, as far as the files of a run go: its parameters are random."""

import types

import jax
import numpy as np
import pytest

from tests.data.video_files import write_video
from vpn_anomaly import checkpoints, config as configuration, workdir
from vpn_anomaly.evaluation.trained import trained_run
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.variants import vary

HEIGHT, WIDTH = 22, 31  # no multiples of the stem: frames are padded
STEP = 4
TINY = {
    "data.source": "video", "data.frames": 8, "data.height": 16, "data.width": 16,
    "model.context": 3, "model.encoder.channels": 4, "model.encoder.dilations": (1,),
    "model.lstm.channels": 4, "model.attention.kind": "none", "model.head.channels": 4,
    "model.head.pixel_channels": 4, "train.targets": (4, 7), "watch.false_alarms": 3600.0,
}


def footage(count, seed=0):
    """Noise that is blurred and moves a pixel a frame, uint8 (T, H, W, 1)."""
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH))
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(3)) / 3
    moved = np.stack([np.roll(noise, shift, 1) for shift in range(count)])
    return moved.round().astype(np.uint8)[..., None]


def write_config(path, config):
    """Writes a config file, for the command line, that has these values."""
    path.write_text(
        "from vpn_anomaly.config import defaults\n\n\ndef get_config():\n    config = defaults()\n"
        f"    config.update_from_flattened_dict({configuration.flat(config)!r})\n"
        "    return config\n",
        encoding="utf-8",
    )


@pytest.fixture(scope="session")
def video_run(tmp_path_factory):
    """config, system, random params, `Trained`, and the directory of the run."""
    folder = tmp_path_factory.mktemp("video")
    config = vary(configuration.defaults(), "debug")
    config.update_from_flattened_dict(TINY)
    config.data.path = write_video(folder / "normal.mkv", footage(400))
    config.data.video.cache = str(folder / "cache")
    configuration.check(config)
    system = build_system(config)
    clip = jax.ShapeDtypeStruct((1, 8, 16, 16, 1), np.uint8)
    abstract = jax.eval_shape(system.init, jax.random.key(0), clip)
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda x: (0.2 * rng.normal(size=x.shape)).astype(x.dtype), abstract)
    directory = folder / "run"
    workdir.open_run(directory, config)
    metadata = {"sequences_seen": 8, "wall_seconds": 100.0}
    state = {"params": params, "step": np.int32(STEP)}
    checkpoints.save(directory / "checkpoints", STEP, state, metadata)
    return types.SimpleNamespace(
        config=config, system=system, params=params, directory=directory,
        trained=trained_run(config, directory),
    )
