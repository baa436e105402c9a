"""What alarms at the calibrated threshold give on labelled clips, beside what was allowed."""

from collections.abc import Mapping, Sequence

import numpy as np

from vpn_anomaly.evaluation import bootstrap
from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores
from vpn_anomaly.evaluation.protocol import from_neighbours
from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.stream_calibration import ScoreThreshold

AFTER_SECONDS = 1.0  # after a labelled range, in which what was labelled may still have an effect


def at_threshold(
    scored: Sequence[ClipScores], rates: Sequence[float], allowed: float, resamples: int
) -> dict[str, object]:
    """What an alarm at the calibrated threshold of CHOSEN_BY would give, by the scores as they came.

    Args:
      rates: frames per second of every clip.
      allowed: the part of normal frames that may exceed the threshold.
      resamples: of the bootstrap.

    Returns:
      - `score`, `allowed`;
      - the parts of frames that are flagged, None without such frames: `false_alarm_rate` of all normal
        frames, `after` of those within AFTER_SECONDS after a labelled range, `elsewhere` of the other
        normal ones, `recall` of the anomalous ones;
      - `frames`: how many there are of each;
      - `ci95`: their intervals over draws of clips;
      - `clips`: the same parts of every clip;
      - `after_seconds`.
    """
    kinds = [_kinds(clip.label_T, rate) for clip, rate in zip(scored, rates, strict=True)]
    flagged = [from_neighbours(clip.scores[CHOSEN_BY]) > clip.threshold for clip in scored]
    names = list(kinds[0])
    count_CxK = np.array([[of[name].sum() for name in names] for of in kinds])
    flagged_CxK = np.array(
        [[(of[name] & flagged_T).sum() for name in names] for of, flagged_T in zip(kinds, flagged)]
    )
    drawn_RxC = bootstrap.resample_weights(len(scored), 0, resamples)
    part_RxK = _parts(drawn_RxC @ flagged_CxK, drawn_RxC @ count_CxK)
    part_CxK = _parts(flagged_CxK, count_CxK)
    return {
        "score": CHOSEN_BY,
        "allowed": allowed,
        **_by_name(names, _parts(flagged_CxK.sum(0), count_CxK.sum(0))),
        "after_seconds": AFTER_SECONDS,
        "frames": dict(zip(names, count_CxK.sum(0).tolist())),
        "ci95": {name: bootstrap.interval(part_R) for name, part_R in zip(names, part_RxK.T)},
        "clips": [_by_name(names, part_K) for part_K in part_CxK],
    }


def in_normal_clips(thresholds: Sequence[ScoreThreshold]) -> dict[str, object]:
    """What the thresholds, one of each frame size, are for, and what they give on the clips that set them.

    Returns:
      - `used`: the part of normal frames that may exceed them: more than is allowed where so rare a part
        cannot be shown;
      - `normal_clips`: the part that does, each clip at the threshold of the others, with its interval over
        clips, and the number of `clips` and `frames`;
      - `notes`: a sentence for every size where less was allowed than could be shown.
    """
    held_out = FalseAlarms.pooled([of_size.held_out for of_size in thresholds])
    value, low, high = held_out.of_frames
    return {
        "used": max(of_size.threshold.p for of_size in thresholds),
        "normal_clips": {
            "false_alarm_rate": value,
            "ci95": {"false_alarm_rate": [low, high]},
            "clips": held_out.clips,
            "frames": held_out.frames,
        },
        "notes": [of_size.threshold.note for of_size in thresholds if of_size.threshold.note],
    }


def _kinds(label_T: np.ndarray, rate: float) -> Mapping[str, np.ndarray]:
    """Which frames are of which kind, bool (T,) by name."""
    frame_T = np.arange(len(label_T))
    last_T = np.maximum.accumulate(np.where(label_T, frame_T, -np.inf))  # labelled frame so far
    after_T = ~label_T & (frame_T - last_T <= AFTER_SECONDS * rate)
    return {
        "false_alarm_rate": ~label_T,
        "after": after_T,
        "elsewhere": ~label_T & ~after_T,
        "recall": label_T,
    }


def _parts(flagged: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, flagged / np.maximum(count, 1), np.nan)


def _by_name(names: Sequence[str], part_K: np.ndarray) -> dict[str, float | None]:
    return {name: None if np.isnan(part) else float(part) for name, part in zip(names, part_K)}
