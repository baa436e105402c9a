"""Scores of normal footage that was not trained on: what thresholds stand on, and what proves them."""

import numpy as np

from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data.build import read_videos, video_split
from vpn_anomaly.data.video.clips import SplitRule
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_scorer import Streamer
from vpn_anomaly.scoring.trained_model import Trained
from vpn_anomaly.storage import checkpoints
from vpn_anomaly.text.display_names import display_name

NAME = "watch_calibration"
# Frames before a part of a video that are streamed and not scored, so that the first scores of the
# part are those of a stream that has run for a while, as nearly all are.
WARM_UP = 40


class Normal:
    """Scores of normal frames by a streamer.

    Attributes:
        calibration: made of the validation part of every video.
        held_out: scores of the test part by name, (N,), frame after frame.
        frames: how many calibrate.
    """

    def __init__(self, scores: dict[str, np.ndarray]):
        """scores: (N,) by validation/NAME and test/NAME."""
        of = lambda split: {
            name.partition("/")[2]: score for name, score in scores.items() if name.startswith(split)
        }
        validation = of("validation")
        self.calibration, self.held_out = Calibration.fit(validation), of("test")
        self.frames = len(next(iter(validation.values())))


def normal_scores(config, trained: Trained, streamer: Streamer, zones_HxW) -> Normal:
    """Read where they are stored with what was trained; otherwise computed, and stored.

    UserError where the videos of the training cannot be read, or none has the streamer's size.
    """
    made_with = {
        "step": trained.metadata["step"],
        "masks": config.score.masks,
        "size": [streamer.height, streamer.width],
        "zones": None if zones_HxW is None else np.packbits(zones_HxW).tobytes().hex(),
        "scores": score_names(streamer.system, config.watch.tail),
    }
    if config.data.source in LABELLED_SOURCES:  # weights may be evaluated on several sets
        made_with["footage"] = [config.data.source, display_name(config.data.path)]
    for folder in trained.calibrations:
        stored = checkpoints.load_calibration(folder, made_with, NAME)
        if stored is not None:
            return Normal(stored)
    scores = _computed(read_videos(config.data), video_split(config.data), streamer)
    trained.keep_calibration(made_with, scores, NAME)
    return Normal(scores)


def _computed(videos: dict[str, np.ndarray], divide: SplitRule, streamer: Streamer) -> dict[str, np.ndarray]:
    size = streamer.height, streamer.width
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
            for video, part, fit in zip(videos.values(), divide(lengths, split), fits)
            if fit and part
        ]
        for split in ("validation", "test")
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


def _scores_of_part(video, part: range, streamer: Streamer, progress) -> list[dict[str, float]]:
    streamer.restart()
    rows = []
    for number in range(max(0, part.start - WARM_UP), part.stop):
        scored = streamer(np.asarray(video[number]))
        if number in part:
            progress(1)
            if scored.scores:
                rows.append(scored.scores)
    return rows
