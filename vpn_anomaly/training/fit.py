"""Fits a system that learns from whole normal videos at once, instead of by gradient steps."""

import pathlib
import time

from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.normal_footage import build_normal_footage, check_clips
from vpn_anomaly.scoring.trained_model import abstract_params
from vpn_anomaly.storage import checkpoints
from vpn_anomaly.systems.build import build_system

STEP = 1  # of the only checkpoint


def check_fit(config, every: int = 1) -> None:
    """UserError for footage that the system cannot be fitted to, or that it cannot be calibrated with.

    every: of how many frames of a stream it looks at one.
    """
    footage, system = build_normal_footage(config), build_system(config)
    videos = list(footage.read().values())
    size, sizes = (config.data.height, config.data.width), sorted({video.shape[1:3] for video in videos})
    if sizes != [size]:
        raise UserError(
            f"data.height × data.width is {size[0]}×{size[1]}, but system {config.system} sees whole frames, which"
            f" are {', '.join('{}×{}'.format(*one) for one in sizes)} pixels at work size; set both to 0"
        )
    clips = footage.clips(videos)
    check_clips(clips, system.first_frame, every)
    system.check_fit(len(clips))


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
