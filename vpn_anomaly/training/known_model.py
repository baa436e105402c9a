"""The displacements that correlation attention looks at, when the config leaves them to the videos."""

import pathlib

from ml_collections import ConfigDict

from vpn_anomaly import workdir
from vpn_anomaly.data.build import read_videos
from vpn_anomaly.data.motion import measured_radius
from vpn_anomaly.data.video_clips import split_range

RADIUS = "model.attention.radius"


def with_known_radius(config: ConfigDict, directory: pathlib.Path | None) -> ConfigDict:
    """The config with its attention's radius set, if it was 0: as the run in the directory has it.

    Where there is no run yet, the radius is measured in the training part of the videos, and told.

    UserError for videos that cannot be read.
    """
    if config.model.attention.radius:
        return config
    radius = None if directory is None else workdir.stored_field(directory, RADIUS)
    if radius is None:
        videos = read_videos(config.data).values()
        radius = measured_radius([video[slice(*split_range(len(video), "train"))] for video in videos])
        print(f"motion of up to {radius} pixels a frame ({RADIUS}={radius})", flush=True)
    known = config.copy_and_resolve_references()
    known.model.attention.radius = radius
    return known
