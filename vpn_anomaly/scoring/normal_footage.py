"""The normal footage that sets thresholds: clips that were not trained on, or each without its own exemplars."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from vpn_anomaly.catalogue import labelled_set_named, system_named
from vpn_anomaly.data.build import read_videos, video_split
from vpn_anomaly.data.video.clips import SplitRule
from vpn_anomaly.data.video.normal_clips import NormalClip, normal_clips, trained_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name

FEWEST_CLIPS = 2  # each is compared with the others


class SizedClip(NamedTuple):
    """A clip of normal footage.

    Attributes:
        number: among all clips, whatever their size.
        clip: its frames.
        video: all frames of its video, uint8 (T, H, W, C).
    """

    number: int
    clip: NormalClip
    video: np.ndarray


@dataclasses.dataclass(frozen=True)
class NormalFootage:
    """Normal footage, of which clips calibrate.

    Attributes:
        read: returns the videos by name, uint8 (T, H, W, C) each; UserError where they cannot be read.
        divide: the frames of every video that are in a split, given the lengths of all: those that are
            held out of training calibrate. None: all do, of a system that can leave out each in turn.
        labelled_set: source and name of the labelled set that it belongs to, since weights may be
            evaluated on several; None: the footage that the weights were trained on.
    """

    read: Callable[[], dict[str, np.ndarray]]
    divide: SplitRule | None
    labelled_set: tuple[str, str] | None = None

    def clips(self, videos: Sequence[np.ndarray]) -> list[NormalClip]:
        """The clips of the videos that calibrate."""
        return normal_clips([len(video) for video in videos], self.divide)

    def of_size(self, height: int, width: int, trained: bool = False) -> list[SizedClip]:
        """The clips that calibrate, or were trained on, whose frames have a size; UserError without any."""
        videos, size = list(self.read().values()), (height, width)
        if trained and self.divide:
            clips = trained_clips([len(video) for video in videos], self.divide)
        else:
            clips = self.clips(videos)
        found = [
            SizedClip(number, clip, videos[clip.video])
            for number, clip in enumerate(clips)
            if videos[clip.video].shape[1:3] == size
        ]
        if not found:
            sizes = sorted({"{}×{}".format(*videos[clip.video].shape[1:3]) for clip in clips})
            raise UserError(
                f"the frames to watch are {height}×{width} pixels at work size, the normal footage has"
                f" {', '.join(sizes)}: thresholds hold for one size only; watch the camera that the"
                " footage is of, or train on footage of this one"
            )
        return found


def build_normal_footage(config) -> NormalFootage:
    """The footage that a configuration trains on, or the normal clips of its labelled set."""
    data = config.data
    labelled_set = (data.source, display_name(data.path)) if labelled_set_named(data.source) else None
    divide = None if system_named(config.system).fits else video_split(data)
    return NormalFootage(functools.partial(read_videos, data), divide, labelled_set)


def calibrating_sizes(footage: NormalFootage) -> set[tuple[int, int]]:
    """The frame sizes (height, width) that enough clips have to calibrate."""
    videos = list(footage.read().values())
    sizes = [videos[clip.video].shape[1:3] for clip in footage.clips(videos)]
    return {size for size in sizes if sizes.count(size) >= FEWEST_CLIPS}


def check_footage(footage: NormalFootage, first_frame: int, every: int = 1) -> None:
    """UserError for footage that is too short to calibrate with; see `check_clips`."""
    check_clips(footage.clips(list(footage.read().values())), first_frame, every)


def check_clips(clips: Sequence[NormalClip], first_frame: int, every: int = 1) -> None:
    """UserError where fewer than FEWEST_CLIPS have scores.

    Args:
        first_frame: the number of the first frame of a stream that is scored.
        every: every n-th frame of a video is in the stream.
    """
    scored = sum(max(looked_at(clip, every), default=-1) >= first_frame * every for clip in clips)
    if scored < FEWEST_CLIPS:
        raise UserError(
            f"the normal footage is too short to calibrate with: scores begin after {first_frame * every} frames"
            f" of a video, so that {scored} of the {len(clips)} clips for it have some, but {FEWEST_CLIPS} are"
            " needed; give longer videos, or more of them"
        )


def looked_at(clip: NormalClip, every: int) -> range:
    """The frames of a clip that are in a stream of every n-th frame of its video."""
    return clip.range[-clip.range.start % every :: every]
