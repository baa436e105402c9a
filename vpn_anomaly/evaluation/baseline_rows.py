"""The scores without learning of labelled clips: rows beside those of a model, whatever that model sees."""

import collections
import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import Video, VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.footage_baselines import HEIGHT, WIDTH, FootageBaseline

MOST_PAIRS = (
    1000  # normal frames, each with the one before it, that rows are fitted to; at least half as many
)


class ClipRows(NamedTuple):
    """What the rows without learning say of a clip.

    Attributes:
      rate: frames per second of the clip.
      scores: by name, (T,); NaN for frames without one.
    """

    rate: float
    scores: dict[str, np.ndarray]


def clip_rows(
    clips: Sequence[LabelledClip],
    video_settings: VideoSettings,
    normal_sources: Sequence[str],
    baselines: Sequence[FootageBaseline],
) -> list[ClipRows]:
    """Scores every frame of every clip by the rows, after fitting those that are fitted to normal footage.

    Args:
      video_settings: how the model looks at frames; the rows have a size of their own, and grey frames.
      normal_sources: normal footage of the set; what cannot be read of it is passed over.
      baselines: the rows.

    A row that is fitted has no scores where no normal frame has the clip's size. UserError where a clip
    cannot be read.
    """
    settings = dataclasses.replace(video_settings, height=HEIGHT, width=WIDTH, channels=1)
    pairs = _normal_pairs(normal_sources, settings) if any(row.fit for row in baselines) else {}

    @functools.cache
    def of_size(size: tuple[int, int]) -> dict[FootageBaseline, Any]:
        """What was fitted to frames of a size, by the rows that have scores for them."""
        can = [row for row in baselines if row.fit is None or size in pairs]
        return {row: row.fit(pairs[size]) if row.fit else None for row in can}

    progress = Progress.counting("rows without learning", sum(len(clip.label_T) for clip in clips), "frames")
    rows = []
    for clip in clips:
        empty = {row.name: np.full(len(clip.label_T), np.nan) for row in baselines}
        with open_video(clip.source, settings) as video:
            scores = _scores(video, of_size(video.size), len(clip.label_T), progress)
            rows.append(ClipRows(video.rate or settings.frame_rate, empty | scores))
    return rows


def _scores(
    video: Video, fitted: Mapping[FootageBaseline, Any], frames: int, progress: Progress
) -> dict[str, np.ndarray]:
    """The scores of a video's frames by name, (frames,); frames that cannot be decoded are passed over."""
    scores = {row.name: np.full(frames, np.nan) for row in fitted}
    latest: collections.deque = collections.deque(maxlen=1 + max((row.before for row in fitted), default=0))
    for frame in video:
        if frame.index >= frames:
            break
        latest.append(frame.image[..., 0])
        for row, what in fitted.items():
            if row.before < len(latest):
                scores[row.name][frame.index] = row.function(latest[-1], latest[-1 - row.before], what)
        progress()
    return scores


def _normal_pairs(sources: Sequence[str], settings: VideoSettings) -> dict[tuple[int, int], np.ndarray]:
    """Pairs of a normal frame and the one after it, by size, uint8 (N, 2, H, W).

    They are spread evenly over all of the footage, whose length is not known before.
    """
    kept, step = [], 1
    progress = Progress(lambda now: f"fitting rows without learning: {now.done} normal frames")
    for number, pair in enumerate(_all_pairs(sources, settings)):
        if number % step == 0:
            kept.append(pair)
        if len(kept) > MOST_PAIRS:
            kept, step = kept[::2], 2 * step
        progress()
    progress.end()
    sizes = {pair[0].shape for pair in kept}
    return {size: np.stack([pair for pair in kept if pair[0].shape == size]) for size in sizes}


def _all_pairs(sources: Sequence[str], settings: VideoSettings) -> Iterator[np.ndarray]:
    for source in sources:
        try:
            video = open_video(source, settings)
        except UserError:  # it is named where the model's calibration reads it
            continue
        with video:
            before = None
            for frame in video:
                image_HxW = frame.image[..., 0]
                if before is not None:
                    yield np.stack([before, image_HxW])
                before = image_HxW
