"""How well scores tell anomalous frames from normal ones, over all frames and clip by clip."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from vpn_anomaly.evaluation import bootstrap, metrics

MICRO = ("auroc", "equal_error_rate", "average_precision")
COMPARED = ("auroc_micro", "auroc_macro")
LEAST_FRAMES = 10  # of each class in a clip, below which its AUROC says little


@dataclasses.dataclass(frozen=True, eq=False)
class FrameMetrics:
    """The metrics of one score on the frames of C clips. One is None where a class is empty or a score NaN.

    Attributes:
      values: by name:
        - `auroc_micro`: over all frames of all clips together, so that scores of different clips are
          compared; `equal_error_rate`, `average_precision`: over all frames likewise;
        - `auroc_macro`: mean over the clips that have frames of both classes;
        - `auroc_macro_10`: mean over those of them that have LEAST_FRAMES frames of each.
      resampled: the same for every draw of whole clips, (R,), as frames of one clip are alike; NaN for
        draws without one of the classes. The draws depend on the numbers of clips and of draws only.
      auroc_clips: of every clip, None where it has frames of one class only.
    """

    values: dict[str, float | None]
    resampled: dict[str, np.ndarray]
    auroc_clips: list[float | None]

    def resampled_metric(self, name: str) -> bootstrap.Resampled | None:
        """A metric with its draws; None where it is undefined."""
        value, value_R = self.values[name], self.resampled.get(name)
        return None if value is None or value_R is None else bootstrap.Resampled(value, value_R)

    def as_dict(self) -> dict[str, object]:
        """As results.json has them, with `clips_left_out` of the macro mean and `ci95`, [low, high] of each."""
        return {
            **self.values,
            "clips_left_out": self.auroc_clips.count(None),
            "auroc_clips": self.auroc_clips,
            "ci95": {name: bootstrap.interval(value_R) for name, value_R in self.resampled.items()},
        }


def frame_metrics(scores: Sequence[np.ndarray], labels: Sequence[np.ndarray], resamples: int) -> FrameMetrics:
    """The metrics of one score.

    Args:
      scores: (T,) of every clip, higher for the more anomalous frame.
      labels: bool (T,) of every clip, true for anomalous frames.
      resamples: of the bootstrap.
    """
    score_N, label_N = np.concatenate(scores), np.concatenate(labels)
    clip_N = np.repeat(np.arange(len(scores)), [len(score_T) for score_T in scores])
    of_clips = [
        metrics.auroc(score_T[~label_T], score_T[label_T]) for score_T, label_T in zip(scores, labels)
    ]
    few = few_frames(labels)
    of_long_clips = [None if clip in few else value for clip, value in enumerate(of_clips)]
    normal_first = np.argsort(label_N, kind="stable")  # as `declare` takes them
    normal_N, anomalous_P = score_N[~label_N], score_N[label_N]
    values = {_micro(name): metrics.metric(name, normal_N, anomalous_P) for name in MICRO}
    drawn_RxC = bootstrap.resample_weights(len(scores), 0, resamples)
    resampled = {}
    if values["auroc_micro"] is not None:
        resampled = _resampled(normal_N, anomalous_P, clip_N[normal_first], drawn_RxC)
    for name, of in (("auroc_macro", of_clips), ("auroc_macro_10", of_long_clips)):
        values[name] = _number(_macro(of, np.ones((1, len(scores))))[0])
        resampled[name] = _macro(of, drawn_RxC)
    return FrameMetrics(values, resampled, of_clips)


def few_frames(labels: Sequence[np.ndarray]) -> list[int]:
    """The numbers of the clips that have frames of both classes, but fewer than LEAST_FRAMES of one."""
    fewest = [min(int(label_T.sum()), int((~label_T).sum())) for label_T in labels]
    return [clip for clip, count in enumerate(fewest) if 0 < count < LEAST_FRAMES]


def differences(first: FrameMetrics, others: Mapping[str, FrameMetrics]) -> dict[str, dict]:
    """A score's COMPARED metrics minus those of other scores of the same frames, by the others' names.

    Each with `ci95`, their intervals over the same draws of clips: the two differ where it leaves out 0.
    None where one of the two has none.
    """
    return {name: _difference(first, other) for name, other in others.items()}


def _difference(first: FrameMetrics, second: FrameMetrics) -> dict:
    found: dict = dict.fromkeys(COMPARED)
    intervals: dict = dict.fromkeys(COMPARED)
    for name in COMPARED:
        pair = [one.resampled_metric(name) for one in (first, second)]
        if pair[0] is not None and pair[1] is not None:
            found[name], intervals[name] = bootstrap.paired_difference(pair[0], pair[1])
    return {**found, "ci95": intervals}


def _micro(name: str) -> str:
    return "auroc_micro" if name == "auroc" else name


def _resampled(normal_N, anomalous_P, clip_NP, drawn_RxC) -> dict[str, np.ndarray]:
    """The metrics over all frames, of every draw of clips, (R,) each; NaN without one of the classes."""
    parts: dict[str, list[np.ndarray]] = {_micro(name): [] for name in MICRO}
    rows = max(1, bootstrap.BLOCK_ELEMENTS // len(clip_NP))
    for start in range(0, len(drawn_RxC), rows):
        declared = metrics.declare(normal_N, anomalous_P, drawn_RxC[start : start + rows][:, clip_NP])
        both = (declared.normal_R > 0) & (declared.anomalous_R > 0)
        for name in MICRO:
            with np.errstate(invalid="ignore", divide="ignore"):
                value_R = metrics.METRICS[name](declared)
            parts[_micro(name)].append(np.where(both, value_R, np.nan))
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
