"""Scores of normal footage that was not trained on: one part sets thresholds, another verifies them."""

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

SPLITS = ("validation", "test")  # of the footage: the part that calibrates, and the part held out
# Frames before each part of a video that are streamed but not scored, so that the part begins with the
# memory of a stream that has run for a while, as nearly all frames of a long stream do.
WARM_UP = 40


@dataclasses.dataclass(frozen=True)
class NormalFootage:
    """Normal footage, of which a part was not trained on.

    Attributes:
        read: returns the videos by name, uint8 (T, H, W, C) each; UserError where they cannot be read.
        divide: the frames of every video that are in a split, given the lengths of all.
        labelled_set: source and name of the labelled set that it belongs to, since weights may be
            evaluated on several; None: the footage that the weights were trained on.
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
    """Calibration of a stream's scores by normal footage.

    Attributes:
        calibration: by the frames of the validation part of every video.
        held_out: scores of the test part by name, (N,), in the order of the frames.
        frames: number of frames that calibrate.
    """

    calibration: Calibration
    held_out: dict[str, np.ndarray]
    frames: int


def stream_calibration(
    trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage
) -> StreamCalibration:
    """The calibration of a scorer by normal footage.

    Its scores are read where all of them are stored with the trained model; otherwise they are computed,
    and stored. UserError where the footage cannot be read, or no video has the scorer's frame size.
    """
    made_with = _made_with(trained, scorer, footage)
    names = score_names(scorer.system, scorer.tail)
    needed = [f"{split}/{name}" for split in SPLITS for name in names]
    scores = trained.stored_scores(made_with, needed, STREAM)
    if scores is None:
        scores = _normal_scores(footage, scorer)
        trained.keep_calibration(made_with, scores, STREAM)
    validation, test = ({name: scores[f"{split}/{name}"] for name in names} for split in SPLITS)
    return StreamCalibration(Calibration.fit(validation), test, len(validation[names[0]]))


def _made_with(trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage) -> dict:
    """What the scores depend on, beside the weights of the step."""
    zones_HxW = scorer.zones_HxW
    made_with = {
        "step": trained.metadata["step"],
        "masks": scorer.masks,
        "size": [scorer.height, scorer.width],
        "zones": None if zones_HxW is None else np.packbits(zones_HxW).tobytes().hex(),
    }
    if footage.labelled_set is not None:
        made_with["footage"] = list(footage.labelled_set)
    return made_with


def _normal_scores(footage: NormalFootage, scorer: StreamScorer) -> dict[str, np.ndarray]:
    """Scores by validation/NAME and test/NAME, (N,) each."""
    videos, size = footage.read(), (scorer.height, scorer.width)
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
    scores: dict[str, np.ndarray] = {}
    for split, of_split in parts.items():
        rows = [row for video, part in of_split for row in _scores_of_part(video, part, scorer, progress)]
        if not rows:
            raise UserError(
                f"the normal footage is too short to calibrate with: its {split} part"
                f" has to be longer than {scorer.system.first_frame} frames"
            )
        scores |= {f"{split}/{name}": np.array([row[name] for row in rows]) for name in rows[0]}
    return scores


def _scores_of_part(video, part: range, scorer: StreamScorer, progress) -> list[dict[str, float]]:
    scorer.restart()
    rows = []
    for number in range(max(0, part.start - WARM_UP), part.stop):
        scored = scorer(np.asarray(video[number]))
        if number in part:
            progress(1)
            if scored.scores:
                rows.append(scored.scores)
    return rows
