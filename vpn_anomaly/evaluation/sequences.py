"""Evaluation on test sequences: normal ones against others under every corruption."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.data.corruptions import draw_corruptions
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.data.pipeline import EvaluationClips, clips_at, evaluation_clips
from vpn_anomaly.distributed.sharing import concatenated, gathered, own_part
from vpn_anomaly.evaluation.metrics import pixel_auroc
from vpn_anomaly.evaluation.score_metrics import evaluate_scores
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.baselines import baseline_scores
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.systems.past_alone import OF_SHOWN


@dataclasses.dataclass(frozen=True)
class SequenceSettings:
    """How test sequences are evaluated.

    Attributes:
      first: number of the first sequence.
      sequences: normal ones, and as many others under each corruption.
      corruptions: kinds of `data/corruptions.py`.
      false_alarm_rate: the part of normal sequences that may exceed a threshold.
      resamples: bootstrap resamples of the intervals.
    """

    first: int
    sequences: int
    corruptions: tuple[str, ...]
    false_alarm_rate: float
    resamples: int


class Scored(NamedTuple):
    """Sequences with their scores (N,) and maps (N, H, W) of the last frame, by name."""

    scores: dict[str, np.ndarray]
    maps: dict[str, np.ndarray]
    counted: np.ndarray  # bool (N, H, W)
    changed: np.ndarray  # bool (N, H, W)


class ScoredTestSet(NamedTuple):
    """The scored test sequences.

    Attributes:
      normal: the normal ones.
      others: those under each corruption.
      uncorrupted: the first of these without a corruption.
    """

    normal: Scored
    others: dict[str, Scored]
    uncorrupted: Scored


@dataclasses.dataclass(frozen=True, eq=False)
class SequenceEvaluation:
    """What was found in test sequences.

    Attributes:
      metrics: `corruptions` (see `evaluate_scores`) and `maps`, by corruption, then by name, and
        `nats_per_frame`: the mean surprise of hidden pixels of normal sequences, times the pixels and
        colours of a frame; None for a system that predicts no distribution. Ready for JSON.
      first: number of the first sequence.
      normal: the N normal sequences, of numbers `first` on.
      others: those under each corruption, of numbers `first_corrupted` on.
      uncorrupted: the first of these without a corruption.
      thresholds: the calibrated threshold of every score that was calibrated, by name.
    """

    metrics: dict
    first: int
    normal: Scored
    others: dict[str, Scored]
    uncorrupted: Scored
    thresholds: dict[str, float]

    @property
    def first_corrupted(self) -> int:
        return self.first + len(self.normal.counted)

    def score_arrays(self) -> dict[str, np.ndarray]:
        """Every sequence's scores: arrays (N,) named normal/SCORE and CORRUPTION/SCORE."""
        return {
            f"{group}/{name}": score_N
            for group, scored in {"normal": self.normal, **self.others}.items()
            for name, score_N in scored.scores.items()
        }


def score_test_set(
    scorer: ClipScorer, source, calibration: Calibration, settings: SequenceSettings
) -> ScoredTestSet:
    """Scores the test sequences of a source; each process a part of them.

    UserError where the source has too few test sequences.
    """
    normal, others = _score_test_set(scorer, source, calibration, settings)
    one = clips_at(source, "test", [settings.first + settings.sequences])
    uncorrupted = _joined_scored([_score(one, scorer, calibration, progress=lambda count: None)])
    return ScoredTestSet(normal, others, uncorrupted)


def evaluate(
    scored: ScoredTestSet, source, calibration: Calibration, settings: SequenceSettings
) -> SequenceEvaluation:
    """Compares normal with corrupted sequences of a source by their scores."""
    normal, others, uncorrupted = scored
    thresholds = {
        name: calibration.threshold(name, settings.false_alarm_rate)
        for name in normal.scores
        if name in calibration.scores
    }
    metrics = {
        "corruptions": {
            kind: evaluate_scores(normal.scores, other.scores, thresholds, settings.resamples)
            for kind, other in others.items()
        },
        "maps": {kind: _map_metrics(other) for kind, other in others.items()},
        "nats_per_frame": _nats_per_frame(normal.scores, source.shape),
    }
    return SequenceEvaluation(metrics, settings.first, normal, others, uncorrupted, thresholds)


def _score_test_set(
    scorer: ClipScorer, source, calibration: Calibration, settings: SequenceSettings
) -> tuple[Scored, dict[str, Scored]]:
    """The normal test sequences, and the others under each corruption; each process scores a part of them."""
    first, count, kinds = settings.first, settings.sequences, settings.corruptions
    mixed_from_others = {"temporal", "spatial", "mixed"} <= set(kinds)
    runs = 1 + len(kinds) - mixed_from_others
    part = own_part(count)
    progress = Progress.counting("evaluating", runs * (part.stop - part.start), "sequences")
    clips = lambda kind: evaluation_clips(source, "test", count, kind, first=first, part=part)
    score = lambda kind: _joined_scored(gathered(_score(clips(kind), scorer, calibration, progress)))
    normal = score(None)
    others = {kind: score(kind) for kind in kinds if kind != "mixed" or not mixed_from_others}
    if mixed_from_others:
        index_N = first + count + np.arange(count)
        temporal_N, _, _ = draw_corruptions("mixed", sequence_seed(0, "test"), "test", index_N)
        others["mixed"] = _choose(temporal_N, others["temporal"], others["spatial"])
    return normal, {kind: others[kind] for kind in kinds}


def _score(
    sequences: EvaluationClips,
    scorer: ClipScorer,
    calibration: Calibration,
    progress: Callable[[int], object],
) -> Scored | None:
    """The system's scores and maps of the last frame, those by calibration, and those without learning.

    None without sequences.
    """
    if not len(sequences.clip):
        return None
    last = sequences.clip.shape[1] - 1
    parts = []
    for scores, maps in scorer.batches(sequences.clip, (last,)):
        parts.append(({**scores, "counted": maps.counted}, maps.value))
        progress(len(maps.counted))
    all_scores, all_maps = (_joined([part[place] for part in parts]) for place in (0, 1))
    counted = all_scores.pop("counted")
    completed = with_derived(all_scores, calibration, sequences.clip, last)
    return Scored(completed, all_maps, counted, sequences.changed)


def _joined_scored(parts: Sequence[Scored | None]) -> Scored:
    there = [part for part in parts if part is not None]
    return Scored(
        concatenated([part.scores for part in there]),
        concatenated([part.maps for part in there]),
        np.concatenate([part.counted for part in there]),
        np.concatenate([part.changed for part in there]),
    )


def with_derived(
    scores: dict[str, np.ndarray], calibration: Calibration, clip_NxTxHxWxC: np.ndarray, frame: int
) -> dict[str, np.ndarray]:
    """A system's scores of one frame, those derived from them, and those without learning, by name, (N,)."""
    without_learning = baseline_scores(clip_NxTxHxWxC, frame)
    return scores | calibration.derived(scores | without_learning) | without_learning


def _joined(parts: Sequence[Mapping[str, jax.Array | np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenates batches of the one scored frame, (b, 1, ...) each, to (N, ...)."""
    return concatenated([{name: array[:, 0] for name, array in part.items()} for part in parts])


def _choose(first_N: np.ndarray, first: Scored, second: Scored) -> Scored:
    """Sequence by sequence one of two: a mixed corruption is one of the two kinds, to the byte."""

    def choose(a, b):
        return np.where(first_N.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(choose, first, second)


def _nats_per_frame(scores, shape) -> float | None:
    if "mean_nll" not in scores:
        return None
    return float(np.mean(scores["mean_nll"])) * int(np.prod(shape[1:]))


def _map_metrics(scored: Scored) -> dict[str, dict]:
    """Pixel AUROC over hidden pixels; not of the surprise of the shown ones, which is none of theirs."""
    return {
        name: {"pixel_auroc": pixel_auroc(map_NxHxW, scored.changed, scored.counted)}
        for name, map_NxHxW in scored.maps.items()
        if name != OF_SHOWN
    }
