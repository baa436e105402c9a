"""Fits a system that learns from whole normal videos at once, instead of by gradient steps."""

import pathlib
import time

from vpn_anomaly import config as configuration
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.normal_footage import build_normal_footage
from vpn_anomaly.scoring.trained_model import abstract_params
from vpn_anomaly.storage import checkpoints
from vpn_anomaly.systems.build import build_system

STEP = 1  # of the only checkpoint


def fit(config, directory: pathlib.Path) -> float:
    """Fits the system of a config to its normal footage, and stores it in `directory`, unless it is stored there.

    Returns the seconds that it took. UserError for footage that cannot be read, and where the disk refuses.
    """
    folder, started = directory / "checkpoints", time.monotonic()
    stored = checkpoints.restore_latest(folder, {"params": abstract_params(config)}, {"wall_seconds": float})
    if stored is not None:
        return stored[1]["wall_seconds"]
    footage = build_normal_footage(config)
    videos = list(footage.read().values())
    clips = [videos[clip.video][clip.range.start : clip.range.stop] for clip in footage.clips(videos)]
    system = build_system(config)
    params = system.fit(clips, Progress.counting("fitting", system.fit_steps(len(clips)), "steps"))
    seconds = time.monotonic() - started
    metadata = {
        "config": configuration.as_dict(config),
        "sequences_seen": len(clips),
        "wall_seconds": seconds,
    }
    checkpoints.save(folder, STEP, {"params": params}, metadata)
    return seconds
