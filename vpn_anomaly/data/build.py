"""From a configuration's data fields to a source of sequences."""

import contextlib
import logging
import pathlib

import numpy as np

from vpn_anomaly.catalogue import labelled_set_named
from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.labelled.labelled_set import LabelledClip, check_one_size
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.sequence_files import FileSequences, check_shape, read_sequences
from vpn_anomaly.data.video.clips import SplitRule, VideoClips, split_by_video, split_within_videos
from vpn_anomaly.data.video.frame_cache import FrameCache, UnreadableSource, default_cache_folder
from vpn_anomaly.data.video.image_depth import EIGHT_BITS, depth_of, is_high_depth
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.data.video.source_files import check_cache
from vpn_anomaly.data.video.sources import image_files, is_address, is_camera, sources
from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.files.host_lock import one_at_a_time
from vpn_anomaly.text.display_names import display_names


def build_source(data, max_gigabytes: float | None = None):
    """The source that the `data` section describes: videos, a file of sequences, or Moving MNIST.

    Args:
      max_gigabytes: of memory that a file of sequences or glyphs may take; None: by default.

    UserError for a file that cannot be read or has other frames than the fields say.
    """
    limit = memory_limit.for_sequences(max_gigabytes)
    if data.source != "sequences":
        return VideoClips(read_videos(data), data.frames, data.height, data.width, video_split(data))
    if data.path:
        sequences = read_sequences(data.path, limit)
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
        load_digits(data.digits, limit),
        frames=data.frames,
        height=data.height,
        width=data.width,
        digit_count=data.digit_count,
        channels=data.channels,
        trajectory=data.trajectory,
        speed=tuple(data.speed),
        train_sequences=data.train_sequences,
    )


def build_video_settings(data) -> VideoSettings:
    """The settings for decoding videos: work size, colours, rate, limits."""
    video = data.video
    return VideoSettings(
        video.height,
        video.width,
        data.channels,
        video.rate,
        video.frame_rate,
        depth=video.depth,
        max_gigabytes=video.max_gigabytes,
    )


def measured_depth(data) -> int:
    """The bit depth that images of more than 8 bits use in the normal footage; 8 if there are none.

    UserError if data.path names no footage.
    """
    limit = memory_limit.for_footage(data.video.max_gigabytes)
    deep = [path for source in normal_sources(data) for path in _deep_images(source, limit)]
    return depth_of(deep, limit) if deep else EIGHT_BITS


def video_split(data) -> SplitRule:
    """How videos are divided: the clips of a labelled set are short, so that each is in one split."""
    return split_by_video if labelled_set_named(data.source) else split_within_videos


def read_videos(data) -> dict[str, np.ndarray]:
    """The frames of the normal videos that data.path names, uint8 (T, H, W, C), memory-mapped.

    By display name. Logs a warning for damage, and for an unreadable source if others are readable.
    UserError if there are none, or none can be read.
    """
    folder = pathlib.Path(data.video.cache) if data.video.cache else default_cache_folder()
    if not labelled_set_named(data.source):
        check_cache(data.path, folder)
    cache = FrameCache(folder, build_video_settings(data), data.video.cache_gigabytes)
    normal, videos, unreadable = normal_sources(data), {}, []
    several = group.current().count > 1
    with one_at_a_time("frames") if several else contextlib.nullcontext():  # the others find them decoded
        for source, name in zip(normal, display_names(normal), strict=True):
            try:
                videos[name] = cache.frames(source)
            except UnreadableSource as error:
                unreadable.append(error)
    if not videos:
        more = f" (and {len(unreadable) - 1} more cannot be read)" if len(unreadable) > 1 else ""
        raise UserError(f"{unreadable[0]}{more}")
    for problem in [*(f"{error}; it is skipped" for error in unreadable), *cache.problems]:
        logging.getLogger("vpn_anomaly.data").warning(problem)
    return videos


def normal_sources(data) -> list[str]:
    """The normal videos that data.path names, as `open_video` takes them."""
    labelled_set = labelled_set_named(data.source)
    if labelled_set:
        return labelled_set.reader().training_sources(pathlib.Path(data.path))
    return sources(data.path)


def check_layout(data) -> None:
    """Raises UserError if the labelled set at data.path has another layout, or lacks training clips,
    test clips or labels. Decodes nothing. Accepts sources that are not labelled sets."""
    labelled_set = labelled_set_named(data.source)
    if labelled_set:
        labelled_set.reader().check_layout(
            pathlib.Path(data.path), memory_limit.for_footage(data.video.max_gigabytes)
        )


def check_frame_sizes(data) -> None:
    """Raises UserError if a clip of the labelled set at data.path consists of images of different sizes.

    Reads the headers of all its images: some 8,000 in a second. Accepts sources that are not labelled sets.
    """
    labelled_set = labelled_set_named(data.source)
    if labelled_set:
        folder = pathlib.Path(data.path)
        for source in [*normal_sources(data), *labelled_set.reader().test_sources(folder)]:
            check_one_size(source)


def labelled_clips(data) -> list[LabelledClip]:
    """The test clips of the labelled set that data.path names.

    UserError if it has another layout, or labels are inconsistent.
    """
    return (
        labelled_set_named(data.source)
        .reader()
        .test_clips(pathlib.Path(data.path), memory_limit.for_footage(data.video.max_gigabytes))
    )


def _deep_images(source: str, limit: MemoryLimit) -> list[pathlib.Path]:
    """The images of a source that has images of more than 8 bits; empty otherwise."""
    if is_address(source) or is_camera(source):
        return []
    images = image_files(source)
    return images if is_high_depth(images, limit) else []
