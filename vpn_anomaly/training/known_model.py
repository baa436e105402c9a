"""What the config leaves to the videos: how far things move, and how large the frames are."""

import pathlib

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly import workdir
from vpn_anomaly.data.build import read_videos
from vpn_anomaly.data.motion import measured_radius
from vpn_anomaly.data.video_clips import split_range
from vpn_anomaly.errors import UserError
from vpn_anomaly.systems.build import build_system

RADIUS, HEIGHT, WIDTH = "model.attention.radius", "data.height", "data.width"


def with_known_model(config: ConfigDict, directory: pathlib.Path | None) -> ConfigDict:
    """The config with what was 0 set: as the run in the directory has it, or as the videos are.

    What comes from the videos, from their training part, is told: the radius of the attention, and
    the largest size that fits into all frames and that the system can take.

    UserError for videos that cannot be read, or whose frames are too small.
    """
    stored = lambda name: None if directory is None else workdir.stored_field(directory, name)
    known = config.copy_and_resolve_references()
    if not config.data.height:
        size = stored(HEIGHT), stored(WIDTH)
        known.data.height, known.data.width = size if all(size) else _measured_size(config)
    if not config.model.attention.radius:
        known.model.attention.radius = stored(RADIUS) or _measured_radius(config)
    return known


def _measured_radius(config) -> int:
    videos = read_videos(config.data).values()
    radius = measured_radius([video[slice(*split_range(len(video), "train"))] for video in videos])
    print(f"motion of up to {radius} pixels a frame ({RADIUS}={radius})", flush=True)
    return radius


def _measured_size(config) -> tuple[int, int]:
    smallest = np.min([video.shape[1:3] for video in read_videos(config.data).values()], axis=0)
    multiple = getattr(build_system(config), "size_multiple", 1)
    height, width = (int(length) // multiple * multiple for length in smallest)
    largest = max(config.model.unet.hidden_blocks)
    if min(height, width) <= largest:
        raise UserError(
            f"frames of {smallest[0]}×{smallest[1]} pixels at work size are too small for hidden"
            f" blocks of {largest}; set a smaller model.unet.hidden_blocks, or a larger"
            " data.video.height and data.video.width"
        )
    print(f"frames of {height}×{width} pixels ({HEIGHT}={height}, {WIDTH}={width})", flush=True)
    return height, width
