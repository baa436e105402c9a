"""Clips of normal footage as streams."""

from collections.abc import Iterator, Sequence

import numpy as np

from vpn_anomaly.scoring.normal_footage import SizedClip, looked_at
from vpn_anomaly.scoring.stream_scorer import Scored, StreamScorer

# Frames before a clip that are streamed but not scored, so that the clip begins with the memory of a
# stream that has run for a while, as nearly all frames of a long stream do.
WARM_UP = 40


def scored_frames(
    of: SizedClip,
    scorer: StreamScorer,
    every: int = 1,
    before: SizedClip | None = None,
    warm_up: int = WARM_UP,
) -> Iterator[tuple[int, Scored]]:
    """The number of every frame of a clip that is looked at, and what is said of it.

    Args:
        before: what was streamed last: where it ends with this clip's first frame, its stream goes on.
        warm_up: frames before the clip that are streamed otherwise; as many as scores need at least.
    """
    frames = looked_at(of.clip, every)
    start = frames.start
    if before is None or not _follows(of, before):
        scorer.restart()
        start = max(0, start - max(warm_up, scorer.system.first_frame) * every)
    for number in range(start, frames.stop, every):
        scored = scorer(np.asarray(of.video[number]))
        if number in frames:
            yield number, scored


def in_streams(clips: Sequence[SizedClip]) -> list[list[SizedClip]]:
    """The clips, grouped so that those in which a stream goes on are together; in their order."""
    streams: list[list[SizedClip]] = []
    for of in clips:
        if streams and _follows(of, streams[-1][-1]):
            streams[-1].append(of)
        else:
            streams.append([of])
    return streams


def _follows(of: SizedClip, before: SizedClip) -> bool:
    return of.clip.video == before.clip.video and of.clip.range.start == before.clip.range.stop
