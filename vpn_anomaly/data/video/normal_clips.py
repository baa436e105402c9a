"""The clips that normal footage consists of: frames of a clip depend on each other, clips hardly do.

What holds for footage that was not seen is learnt by leaving out clips, never single frames.
"""

from collections.abc import Sequence
from typing import NamedTuple

from vpn_anomaly.data.video.clips import SplitRule, held_out

COUNT = 20  # clips of long videos, all videos together
SHORTEST = 75  # frames of a piece of a video, 3 seconds at 25 per second


class NormalClip(NamedTuple):
    """Consecutive frames of a video.

    Attributes:
        video: its number.
        range: of its frames.
    """

    video: int
    range: range


def normal_clips(lengths: Sequence[int], divide: SplitRule | None = None) -> list[NormalClip]:
    """The clips of videos of these lengths, in order; those without frames are left out.

    A video is a clip. One that holds two COUNTths of all frames or more is cut into pieces of equal length,
    as many as it holds COUNTths, but none shorter than SHORTEST. A clip without another is cut in half.

    Args:
        divide: how frames are assigned to splits: the clips of what is held out of training; None: of
            everything. Parts of videos are cut likewise, as if they were all there is.
    """
    parts = [range(length) for length in lengths] if divide is None else held_out(lengths, divide)
    whole = all(len(part) in (0, length) for part, length in zip(parts, lengths, strict=True))
    return _clips(parts, sum(lengths) if whole else sum(map(len, parts)))


def trained_clips(lengths: Sequence[int], divide: SplitRule) -> list[NormalClip]:
    """Likewise the clips of what is trained on."""
    parts = divide(lengths, "train")
    return _clips(parts, sum(map(len, parts)))


def _clips(parts: Sequence[range], frames: int) -> list[NormalClip]:
    """The clips of parts of videos that hold this many frames."""
    clips = []
    for video, part in enumerate(parts):
        pieces = max(1, min(COUNT * len(part) // max(1, frames), len(part) // SHORTEST))
        if len(part) == sum(map(len, parts)):  # there is no other
            pieces = max(pieces, 2)
        clips += [NormalClip(video, piece) for piece in _cut(part, pieces) if piece]
    return clips


def _cut(part: range, pieces: int) -> list[range]:
    """Consecutive ranges of equal length (but for one frame) that make up the part."""
    edges = [part.start + len(part) * piece // pieces for piece in range(pieces + 1)]
    return [range(start, stop) for start, stop in zip(edges, edges[1:])]
