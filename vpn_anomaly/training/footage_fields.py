"""Config fields that are 0 until the footage says them: motion radius, frame size, image depth."""

import pathlib

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import check_layout, measured_depth, read_videos, video_split
from vpn_anomaly.data.video.image_depth import EIGHT_BITS
from vpn_anomaly.data.video.motion import measured_radius
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir
from vpn_anomaly.text.telling import tell

RADIUS, HEIGHT, WIDTH = "model.attention.radius", "data.height", "data.width"
DEPTH = "data.video.depth"


def resolve_depth(config: ConfigDict, directory: pathlib.Path | None, trains: bool) -> ConfigDict:
    """The config with data.video.depth, in bits, for one where it is 0.

    It is that of the run in the directory; where a run is still to be trained, it is measured in the
    normal footage, and printed if it is more than 8. UserError for footage that is not there.
    """
    resolved = config.copy_and_resolve_references()
    if directory is not None and workdir.stored_values(directory) is not None:
        resolved.data.video.depth = workdir.stored_field(directory, DEPTH) or 0
    elif trains:
        check_layout(config.data)
        resolved.data.video.depth = measured_depth(config.data)
        if resolved.data.video.depth != EIGHT_BITS:
            tell(f"images use {resolved.data.video.depth} bits ({DEPTH}={resolved.data.video.depth})")
    return resolved


def resolve_size_and_radius(config: ConfigDict, directory: pathlib.Path | None) -> ConfigDict:
    """The config with its frame size and the attention's radius, where they were 0.

    They are those of the run in the directory; without one they are measured, and printed: the
    size of the videos' frames, and how far things move in their training part.

    UserError for videos that cannot be read, whose frames differ in size, or are too small.
    """
    stored = lambda name: None if directory is None else workdir.stored_field(directory, name)
    resolved = config.copy_and_resolve_references()
    if not config.data.height:
        size = stored(HEIGHT), stored(WIDTH)
        resolved.data.height, resolved.data.width = size if all(size) else _measured_size(config)
        configuration.check(resolved)
    if not config.model.attention.radius:
        resolved.model.attention.radius = stored(RADIUS) or _measured_radius(
            config.data, config.model.horizon
        )
    return resolved


def _measured_radius(data, horizon: int) -> int:
    check_layout(data)
    videos = read_videos(data).values()
    parts = video_split(data)([len(video) for video in videos], "train")
    radius = measured_radius([video[part.start : part.stop] for video, part in zip(videos, parts)], horizon)
    time = "per frame" if horizon == 1 else f"in {horizon} frames"
    tell(f"motion of up to {radius} pixels {time} ({RADIUS}={radius})")
    return radius


def _measured_size(config) -> tuple[int, int]:
    check_layout(config.data)
    sizes = {video.shape[1:3] for video in read_videos(config.data).values()}
    if len(sizes) > 1:
        found = ", ".join("{}×{}".format(*size) for size in sorted(sizes))
        crops = ", or set data.height and data.width to train on crops"
        raise UserError(
            f"the videos have frames of {found} pixels at work size, but things have their places in"
            f" whole frames: give videos of one camera{'' if system_named(config.system).fits else crops}"
        )
    ((height, width),) = sizes
    tell(f"frames of {height}×{width} pixels ({HEIGHT}={height}, {WIDTH}={width})")
    return height, width
