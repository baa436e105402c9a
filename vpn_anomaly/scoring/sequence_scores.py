"""Scores of frames of sequences, with those that a calibration derives (`any`), and maps on request."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.sequence_files import check_shape
from vpn_anomaly.distributed.sharing import concatenated, joined, own_part
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration, derived_from
from vpn_anomaly.scoring.clip_calibration import clip_calibration, stored_clip_calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """How sequences are scored.

    Attributes:
        frame_shape: (height, width, channels) of the frames that were trained on.
        every_frame: score each frame that has context; otherwise the last of every sequence.
        calibration_sequences: normal validation sequences that calibrate.
        open_source: opens the data of the training, which calibrate where no calibration is stored.
        max_gigabytes: that the sequences of a file may take in memory.
    """

    frame_shape: tuple[int, int, int]
    every_frame: bool
    calibration_sequences: int
    open_source: Callable
    max_gigabytes: float


def build_score_settings(config) -> ScoreSettings:
    """The settings that a configuration names."""
    data, limit = config.data, config.score.max_gigabytes
    return ScoreSettings(
        (data.height, data.width, data.channels),
        config.score.every_frame,
        config.evaluate.calibration_sequences,
        functools.partial(build_source, data, limit),
        limit,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class SequenceScores:
    """Scores of G frames of N sequences.

    Attributes:
        frames: their numbers.
        scores: by name, (N, G), in the order of columns.
        maps: by name, (N, G, H, W); None: not asked for. A pixel that every mask shows is zero in maps of hidden
            pixels.
        shown: the pixels that each of M masks shows, bool (M, H, W); None without maps.
    """

    frames: tuple[int, ...]
    scores: dict[str, np.ndarray]
    maps: dict[str, np.ndarray] | None
    shown: np.ndarray | None


def score_sequences(
    sequences_NxTxHxWxC: np.ndarray,
    name: str,
    scorer: ClipScorer,
    normal: Callable[[], Calibration],
    settings: ScoreSettings,
    with_maps: bool,
) -> SequenceScores:
    """Scores frames of every sequence; each process some of them, and all have the result.

    Args:
        sequences_NxTxHxWxC: uint8.
        name: of them, for errors.
        normal: the calibration by normal sequences, asked for when the sequences are checked.

    UserError for sequences of another size or colour than was trained on, or with too few frames.
    """
    height, width, channels = settings.frame_shape
    first = scorer.system.first_frame
    check_shape(
        sequences_NxTxHxWxC, name, height=height, width=width, channels=channels, minimum_frames=first + 1
    )
    calibration, last = normal(), sequences_NxTxHxWxC.shape[1] - 1
    frames = tuple(range(first if settings.every_frame else last, last + 1))
    part = own_part(len(sequences_NxTxHxWxC))
    scores, maps = [], []
    progress = Progress.counting("scoring", part.stop - part.start, "sequences")
    for of_batch, batch_maps in scorer.batches(sequences_NxTxHxWxC[part], frames):
        scores.append(of_batch | calibration.derived(of_batch))
        if with_maps:
            maps.append(batch_maps.value)
        progress(len(batch_maps.counted))
    all_scores, all_maps = joined(concatenated(scores)), joined(concatenated(maps))
    if not with_maps:
        return SequenceScores(frames, all_scores, None, None)
    return SequenceScores(frames, all_scores, all_maps, scorer.system.shown(height, width, scorer.shift_Mx2))


def normal_sequences(trained: TrainedModel, scorer: ClipScorer, settings: ScoreSettings) -> Calibration:
    """The stored calibration of what derived scores are made of.

    Only without one does scoring need the data of the training.
    """
    count, needed = settings.calibration_sequences, derived_from(score_names(scorer.system))
    stored = stored_clip_calibration(trained, scorer, count, needed)
    return stored or clip_calibration(trained, scorer, settings.open_source(), count)
