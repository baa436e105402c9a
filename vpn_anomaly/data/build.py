"""From a configuration's data fields to a source of sequences."""

import logging
import pathlib

import numpy as np

from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.files import FileSequences, check_shape, read_sequences
from vpn_anomaly.data.frame_cache import FrameCache, default_folder
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.video import Look, sources
from vpn_anomaly.data.video_clips import VideoClips


def build_source(data):
    """The source that the `data` section describes: videos, a file of sequences, or Moving MNIST.

    UserError for a file that cannot be read or has other frames than the fields say.
    """
    if data.source == "video":
        return VideoClips(read_videos(data), data.frames, data.height, data.width)
    if data.path:
        sequences = read_sequences(data.path)
        check_shape(
            sequences,
            data.path,
            height=data.height,
            width=data.width,
            channels=data.channels,
            minimum_frames=data.frames,
        )
        return FileSequences(sequences[:, : data.frames])
    return MovingMNIST(
        load_digits(data.digits),
        frames=data.frames,
        height=data.height,
        width=data.width,
        digit_count=data.digit_count,
        channels=data.channels,
        trajectory=data.trajectory,
        speed=tuple(data.speed),
        train_sequences=data.train_sequences,
    )


def build_look(data) -> Look:
    """How videos are looked at: work size, colours, rate."""
    video = data.video
    return Look(video.height, video.width, data.channels, video.rate, video.frame_rate)


def read_videos(data) -> dict[str, np.ndarray]:
    """The frames of the videos that data.path names, uint8 (T, H, W, C) by name, memory-mapped.

    What broke on the way is a warning. UserError where there are none, or they cannot be read.
    """
    folder = pathlib.Path(data.video.cache) if data.video.cache else default_folder()
    cache = FrameCache(folder, build_look(data), data.video.cache_gigabytes)
    videos = {source: cache.frames(source) for source in sources(data.path)}
    for problem in cache.problems:
        logging.getLogger("vpn_anomaly.data").warning(problem)
    return videos
