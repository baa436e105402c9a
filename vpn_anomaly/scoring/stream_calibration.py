"""Scores of normal footage that was not trained on: what thresholds stand on, and what proves them."""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data.build import read_videos, video_split
from vpn_anomaly.data.video.clips import SplitRule
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage.calibration_file import STREAM
from vpn_anomaly.text.display_names import display_name

SPLITS = ("validation", "test")  # of the footage: those that calibrate, and those held out
# Frames before a part of a video that are streamed and not scored, so that the first scores of the
# part are those of a stream that has run for a while, as nearly all are.
WARM_UP = 40


@dataclasses.dataclass(frozen=True)
class NormalFootage:
    """Normal footage, of which a part was not trained on.

    Attributes:
        read: gives the videos by name, uint8 (T, H, W, C) each; UserError where that cannot be done.
        divide: which frames of a video are in a split, by the lengths of all.
        labelled_set: source and name of the set that it is of, as weights may be evaluated on
            several; None: what the weights were trained on.
    """

    read: Callable[[], dict[str, np.ndarray]]
    divide: SplitRule
    labelled_set: tuple[str, str] | None = None


def build_normal_footage(config) -> NormalFootage:
    """The footage that a configuration trains on, or the normal clips of its labelled set."""
    data = config.data
    labelled_set = (data.source, display_name(data.path)) if data.source in LABELLED_SOURCES else None
    return NormalFootage(functools.partial(read_videos, data), video_split(data), labelled_set)


class StreamCalibration(NamedTuple):
    """What the scores of a stream are judged by.

    Attributes:
        calibration: by the frames of the validation part of every video.
        held_out: scores of the test part by name, (N,), frame after frame.
        frames: how many calibrate.
    """

    calibration: Calibration
    held_out: dict[str, np.ndarray]
    frames: int


def stream_calibration(
    trained: TrainedModel, streamer: StreamScorer, footage: NormalFootage
) -> StreamCalibration:
    """By scores that are read where they are stored with what was trained; else computed, and stored.

    UserError where the footage cannot be read, or none has the streamer's size.
    """
    made_with = _made_with(trained, streamer, footage)
    names = score_names(streamer.system, streamer.tail)
    needed = [f"{split}/{name}" for split in SPLITS for name in names]
    scores = trained.stored_scores(made_with, needed, STREAM)
    if scores is None:
        scores = _computed(footage, streamer)
        trained.keep_calibration(made_with, scores, STREAM)
    validation, test = ({name: scores[f"{split}/{name}"] for name in names} for split in SPLITS)
    return StreamCalibration(Calibration.fit(validation), test, len(validation[names[0]]))


def _made_with(trained: TrainedModel, streamer: StreamScorer, footage: NormalFootage) -> dict:
    """What the scores depend on, beside the weights of the step."""
    zones_HxW = streamer.zones_HxW
    made_with = {
        "step": trained.metadata["step"],
        "masks": streamer.masks,
        "size": [streamer.height, streamer.width],
        "zones": None if zones_HxW is None else np.packbits(zones_HxW).tobytes().hex(),
    }
    if footage.labelled_set is not None:
        made_with["footage"] = list(footage.labelled_set)
    return made_with


def _computed(footage: NormalFootage, streamer: StreamScorer) -> dict[str, np.ndarray]:
    """Scores by validation/NAME and test/NAME, (N,) each."""
    videos, size = footage.read(), (streamer.height, streamer.width)
    fits = [video.shape[1:3] == size for video in videos.values()]
    if not any(fits):
        sizes = sorted({"{}×{}".format(*video.shape[1:3]) for video in videos.values()})
        raise UserError(
            f"the frames to watch are {size[0]}×{size[1]} pixels at work size, the normal footage has"
            f" {', '.join(sizes)}: thresholds hold for one size only; watch the camera that the"
            " footage is of, or train on footage of this one"
        )
    lengths = [len(video) for video in videos.values()]
    parts = {
        split: [
            (video, part)
            for video, part, fit in zip(videos.values(), footage.divide(lengths, split), fits)
            if fit and part
        ]
        for split in SPLITS
    }
    total = sum(len(part) for of_split in parts.values() for _, part in of_split)
    progress = Progress.counting("calibrating", total, "frames")
    scores = {}
    for split, of_split in parts.items():
        rows = [row for video, part in of_split for row in _scores_of_part(video, part, streamer, progress)]
        if not rows:
            raise UserError(
                f"the normal footage is too short to calibrate with: its {split} part"
                f" has to be longer than {streamer.system.first_frame} frames"
            )
        scores |= {f"{split}/{name}": np.array([row[name] for row in rows]) for name in rows[0]}
    return scores


def _scores_of_part(video, part: range, streamer: StreamScorer, progress) -> list[dict[str, float]]:
    streamer.restart()
    rows = []
    for number in range(max(0, part.start - WARM_UP), part.stop):
        scored = streamer(np.asarray(video[number]))
        if number in part:
            progress(1)
            if scored.scores:
                rows.append(scored.scores)
    return rows
