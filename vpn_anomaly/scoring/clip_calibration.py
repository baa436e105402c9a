"""Calibration of clips: by the scores of the last frames of normal validation sequences."""

from collections.abc import Iterable

import numpy as np

from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.distributed.sharing import joined, own_part
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.block_matching import motion_compensated_residual
from vpn_anomaly.scoring.calibration import RESIDUAL, Calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel


def clip_calibration(trained: TrainedModel, scorer: ClipScorer, source, count: int) -> Calibration:
    """The calibration by `count` normal validation sequences of the source.

    Its scores are read where all scores of the system are stored with the trained model; otherwise they
    are computed, and stored.
    """
    return Calibration.fit(calibration_scores(trained, scorer, source, count))


def calibration_with_residual(trained: TrainedModel, scorer: ClipScorer, source, count: int) -> Calibration:
    """`clip_calibration` with the motion-compensated residual of the same sequences, for `any_with_residual`."""
    scores = calibration_scores(trained, scorer, source, count)
    clips = evaluation_clips(source, "validation", count, part=own_part(count)).clip
    residual = joined(
        {RESIDUAL: motion_compensated_residual(clips[:, -1], clips[:, -2])} if len(clips) else {}
    )
    return Calibration.fit({**scores, **residual})


def calibration_scores(
    trained: TrainedModel, scorer: ClipScorer, source, count: int
) -> dict[str, np.ndarray]:
    """The stored scores, or new ones, which are stored, by name, (count,)."""
    scores = trained.stored_scores(made_with(trained, scorer, count), score_names(scorer.system))
    if scores is None:
        scores = normal_clip_scores(scorer, source, count)
        trained.keep_calibration(made_with(trained, scorer, count), scores)
    return scores


def stored_clip_calibration(
    trained: TrainedModel, scorer: ClipScorer, count: int, needed: Iterable[str]
) -> Calibration | None:
    """The calibration that is stored for exactly these masks and this number of sequences.

    needed: names of scores. None where no stored calibration has them all.
    """
    scores = trained.stored_scores(made_with(trained, scorer, count), needed)
    return None if scores is None else Calibration.fit(scores)


def normal_clip_scores(scorer: ClipScorer, source, count: int) -> dict[str, np.ndarray]:
    """The scores of the last frame of `count` normal validation sequences, by name, (count,).

    Each process scores a part of them.
    """
    clips = evaluation_clips(source, "validation", count, part=own_part(count)).clip
    progress = Progress.counting("calibrating", len(clips), "sequences")
    return joined(scorer.scores(clips, clips.shape[1] - 1, progress))


def made_with(trained: TrainedModel, scorer: ClipScorer, count: int) -> dict:
    """What the scores depend on, beside the weights of the step."""
    return {
        "step": trained.metadata["step"],
        "masks": len(scorer.shift_Mx2),
        "calibration_sequences": count,
    }
