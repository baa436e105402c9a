"""How well scores tell anomalous frames from normal ones, over all frames and clip by clip."""

from collections.abc import Sequence

import numpy as np

from vpn_anomaly.evaluation import bootstrap, metrics

MICRO = ("auroc", "equal_error_rate", "average_precision")


def frame_metrics(
    scores: Sequence[np.ndarray], labels: Sequence[np.ndarray], resamples: int
) -> dict[str, object]:
    """The metrics of one score on the frames of C clips.

    Args:
      scores: (T,) of every clip, higher for the more anomalous frame.
      labels: bool (T,) of every clip, true for anomalous frames.
      resamples: of the bootstrap.

    Returns:
      - `auroc_micro`: over all frames of all clips together, so that scores of different clips are
        compared;
      - `auroc_macro`: mean over the clips that have frames of both classes; `clips_left_out` have not;
      - `equal_error_rate`, `average_precision`: over all frames;
      - `auroc_clips`: of every clip, None where it has frames of one class only;
      - `ci95`: [low, high] of these, those of single clips aside, by drawing whole clips, as frames
        of one clip are alike. Resamples without one of the classes are passed over.

      A metric is None where a class is empty or a score is NaN.
    """
    score_N, label_N = np.concatenate(scores), np.concatenate(labels)
    clip_N = np.repeat(np.arange(len(scores)), [len(score_T) for score_T in scores])
    of_clips = [
        metrics.auroc(score_T[~label_T], score_T[label_T]) for score_T, label_T in zip(scores, labels)
    ]
    normal_first = np.argsort(label_N, kind="stable")  # as `declare` takes them
    normal_N, anomalous_P = score_N[~label_N], score_N[label_N]
    micro = {name: metrics.metric(name, normal_N, anomalous_P) for name in MICRO}
    drawn_RxC = bootstrap.resample_weights(len(scores), 0, resamples)
    resampled = {}
    if micro["auroc"] is not None:
        resampled = _resampled(normal_N, anomalous_P, clip_N[normal_first], drawn_RxC)
    resampled["auroc_macro"] = _macro(of_clips, drawn_RxC)
    renamed = lambda name: "auroc_micro" if name == "auroc" else name
    return {
        **{renamed(name): value for name, value in micro.items()},
        "auroc_macro": _number(_macro(of_clips, np.ones((1, len(scores))))[0]),
        "clips_left_out": of_clips.count(None),
        "auroc_clips": of_clips,
        "ci95": {renamed(name): bootstrap.interval(value_R) for name, value_R in resampled.items()},
    }


def _resampled(normal_N, anomalous_P, clip_NP, drawn_RxC) -> dict[str, np.ndarray]:
    """The metrics over all frames, of every draw of clips, (R,) each; NaN without one of the classes."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in MICRO}
    rows = max(1, bootstrap.BLOCK_ELEMENTS // len(clip_NP))
    for start in range(0, len(drawn_RxC), rows):
        declared = metrics.declare(normal_N, anomalous_P, drawn_RxC[start : start + rows][:, clip_NP])
        both = (declared.normal_R > 0) & (declared.anomalous_R > 0)
        for name in MICRO:
            with np.errstate(invalid="ignore", divide="ignore"):
                value_R = metrics.METRICS[name](declared)
            parts[name].append(np.where(both, value_R, np.nan))
    return {name: np.concatenate(part) for name, part in parts.items()}


def _macro(of_clips: Sequence[float | None], drawn_RxC: np.ndarray) -> np.ndarray:
    """Mean over the clips that have an AUROC, each as often as it was drawn, (R,); NaN without any."""
    has_C = np.array([value is not None for value in of_clips])
    value_C = np.array([value or 0.0 for value in of_clips])
    count_R = drawn_RxC[:, has_C].sum(1)
    total_R = (drawn_RxC * value_C * has_C).sum(1)
    return np.where(count_R > 0, total_R / np.maximum(count_R, 1), np.nan)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
