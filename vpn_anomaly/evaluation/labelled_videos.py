"""Evaluation on a labelled video set: every frame of every test clip."""

import dataclasses
from collections.abc import Callable

import numpy as np

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores, LabelledClipScorer
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.evaluation.frame_metrics import frame_metrics
from vpn_anomaly.evaluation.protocol import Protocol, from_neighbours
from vpn_anomaly.evaluation.protocol_notes import done, not_done
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer


@dataclasses.dataclass(frozen=True)
class LabelledSettings:
    """How the frames of labelled sets are evaluated.

    Attributes:
      protocol: what is done to the scores, and which masks are read.
      false_alarm_rate: the part of normal frames that may exceed a threshold.
      resamples: bootstrap resamples of the intervals.
    """

    protocol: Protocol
    false_alarm_rate: float
    resamples: int


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledEvaluation:
    """What was found in a labelled set.

    Attributes:
      clips: a row per clip: `name`, `frames`, `anomalous` (how many are labelled so), `masks` (whether
        there are some), `unread` (numbers of the frames that cannot be decoded).
      metrics: `done` and `not_done` (phrases), `protocol`, `scores` by name (see `frame_metrics`), `maps`
        by name, `at_threshold`; ready for JSON.
      scored: the scores of every clip.
      extremes: frames to look at, by CHOSEN_BY.
    """

    clips: list[dict]
    metrics: dict
    scored: list[ClipScores]
    extremes: ExtremeFrames


def evaluate(
    clips: list[LabelledClip],
    video_settings: VideoSettings,
    of_size: Callable[[int, int], tuple[StreamScorer, Calibration]],
    first_frame: int,
    settings: LabelledSettings,
) -> LabelledEvaluation:
    """Scores all frames of all test clips, and compares the scores with the labels.

    Args:
      clips: checked before (`labelled_check`).
      video_settings: how the frames are looked at.
      of_size: the scorer of streams of frames of a height and width, and its calibration.
      first_frame: the number of the first frame of a clip that has scores.

    UserError where a clip or its masks cannot be read.
    """
    protocol = settings.protocol
    progress = Progress.counting("evaluating", sum(len(clip.label_T) for clip in clips), "frames")
    scorer = LabelledClipScorer(video_settings, of_size, settings.false_alarm_rate, progress)
    scored = [scorer.score(clip, protocol.reads_masks and clip.read_masks is not None) for clip in clips]
    metrics = {
        "done": done(clips, scored, first_frame, protocol),
        "not_done": not_done(clips, protocol),
        "protocol": protocol.as_dict(),
        "scores": {name: _metrics(name, scored, protocol, settings.resamples) for name in scored[0].scores},
        "maps": {name: {"pixel_auroc": auroc.value} for name, auroc in scorer.pixels.items()},
        "at_threshold": _at_threshold(scored, settings.false_alarm_rate),
    }
    return LabelledEvaluation(_clip_rows(clips, scored), metrics, scored, scorer.extremes)


def _metrics(name: str, scored: list[ClipScores], protocol: Protocol, resamples: int) -> dict:
    scores = [protocol.scores(from_neighbours(clip.scores[name])) for clip in scored]
    return frame_metrics(scores, [protocol.labels(clip.label_T) for clip in scored], resamples)


def _at_threshold(scored: list[ClipScores], rate: float) -> dict:
    """What an alarm at the calibrated threshold would give, by the scores as they came."""
    flagged, label = [], []
    for clip in scored:
        score_T = from_neighbours(clip.scores[CHOSEN_BY])
        flagged.append(score_T > clip.threshold)
        label.append(clip.label_T)
    flagged_N, label_N = np.concatenate(flagged), np.concatenate(label)
    part = lambda chosen_N: float(flagged_N[chosen_N].mean()) if chosen_N.any() else None
    return {"score": CHOSEN_BY, "allowed": rate, "false_alarm_rate": part(~label_N), "recall": part(label_N)}


def _clip_rows(clips: list[LabelledClip], scored: list[ClipScores]) -> list[dict]:
    return [
        {
            "name": clip.name,
            "frames": len(clip.label_T),
            "anomalous": int(clip.label_T.sum()),
            "masks": clip.read_masks is not None,
            "unread": of.unread,
        }
        for clip, of in zip(clips, scored, strict=True)
    ]
