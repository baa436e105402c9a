"""What the config leaves to the videos: how far things move, how large and how deep frames are."""

import pathlib

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import check_layout, measured_depth, read_videos, video_split
from vpn_anomaly.data.video.image_depth import EIGHT_BITS
from vpn_anomaly.data.video.motion import measured_radius
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir

RADIUS, HEIGHT, WIDTH = "model.attention.radius", "data.height", "data.width"
DEPTH = "data.video.depth"


def with_known_depth(config: ConfigDict, directory: pathlib.Path | None, trains: bool) -> ConfigDict:
    """The config with data.video.depth, if it was 0, as the run in the directory has it.

    Where there is no run yet that is trained, it is measured in the normal footage; more than 8 bits
    are told. UserError for footage that is not there.
    """
    known = config.copy_and_resolve_references()
    if directory is not None and workdir.stored_values(directory) is not None:
        known.data.video.depth = workdir.stored_field(directory, DEPTH) or 0
    elif trains:
        check_layout(config.data)
        known.data.video.depth = measured_depth(config.data)
        if known.data.video.depth != EIGHT_BITS:
            print(f"images use {known.data.video.depth} bits ({DEPTH}={known.data.video.depth})", flush=True)
    return known


def with_known_model(config: ConfigDict, directory: pathlib.Path | None) -> ConfigDict:
    """The config with what was 0 set: as the run in the directory has it, or as the videos are.

    What comes from the videos is told: the radius of the attention, from their training part, and
    the size of their frames.

    UserError for videos that cannot be read, whose frames differ in size, or are too small.
    """
    stored = lambda name: None if directory is None else workdir.stored_field(directory, name)
    known = config.copy_and_resolve_references()
    if not config.data.height:
        size = stored(HEIGHT), stored(WIDTH)
        known.data.height, known.data.width = size if all(size) else _measured_size(config)
        configuration.check(known)
    if not config.model.attention.radius:
        known.model.attention.radius = stored(RADIUS) or _measured_radius(config)
    return known


def _measured_radius(config) -> int:
    check_layout(config.data)
    videos = read_videos(config.data).values()
    parts = video_split(config.data)([len(video) for video in videos], "train")
    radius = measured_radius([video[part.start : part.stop] for video, part in zip(videos, parts)])
    print(f"motion of up to {radius} pixels a frame ({RADIUS}={radius})", flush=True)
    return radius


def _measured_size(config) -> tuple[int, int]:
    check_layout(config.data)
    sizes = {video.shape[1:3] for video in read_videos(config.data).values()}
    if len(sizes) > 1:
        found = ", ".join("{}×{}".format(*size) for size in sorted(sizes))
        raise UserError(
            f"the videos have frames of {found} pixels at work size, but things have their places in"
            " whole frames: give videos of one camera, or set data.height and data.width to train on"
            " crops"
        )
    ((height, width),) = sizes
    print(f"frames of {height}×{width} pixels ({HEIGHT}={height}, {WIDTH}={width})", flush=True)
    return height, width
