"""Evaluation on a labelled video set: every frame of every test clip."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import jax

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.distributed import group
from vpn_anomaly.distributed.sharing import gathered, in_parts, own_part
from vpn_anomaly.evaluation import labelled_check
from vpn_anomaly.evaluation.baseline_rows import ClipRows
from vpn_anomaly.evaluation.clip_scores import ClipScores, LabelledClipScorer, OfAllClips
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.evaluation.false_alarms import at_threshold, in_normal_clips
from vpn_anomaly.evaluation.protocol import Protocol
from vpn_anomaly.evaluation.protocol_notes import Looks, done, not_done
from vpn_anomaly.evaluation.score_tables import score_tables
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.stream_detector import StreamDetector


@dataclasses.dataclass(frozen=True)
class LabelledSettings:
    """How the frames of labelled sets are evaluated.

    Attributes:
      protocol: what is done to the scores, and which masks are read.
      false_alarm_rate: the part of normal frames that may exceed a threshold.
      extrapolate: whether a rate is used that is rarer than the normal clips show.
      resamples: bootstrap resamples of the intervals.
    """

    protocol: Protocol
    false_alarm_rate: float
    extrapolate: bool
    resamples: int


@dataclasses.dataclass(frozen=True, eq=False)
class ScoredClips:
    """Clips with their scores.

    Attributes:
      scored: of every clip.
      of_all: what is told of all of them together.
    """

    scored: list[ClipScores]
    of_all: OfAllClips

    @classmethod
    def joined(cls, parts: Sequence["ScoredClips"]) -> "ScoredClips":
        """Those of several parts of the clips, in their order."""
        of_all = OfAllClips()
        for part in parts:
            of_all.take_in(part.of_all)
        return cls([clip for part in parts for clip in part.scored], of_all)


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledEvaluation:
    """What was found in a labelled set.

    Attributes:
      clips: a row per clip: `name`, `frames`, `anomalous` (how many are labelled so), `masks` (whether
        there are some), `unread` (numbers of the frames that cannot be decoded).
      metrics: `done` and `not_done` (phrases), `protocol`, what `score_tables` returns, `maps` by name,
        `at_threshold` (see `false_alarms.py`); ready for JSON.
      scored: the scores of every clip, those without learning last.
      extremes: frames to look at, by CHOSEN_BY.
    """

    clips: list[dict]
    metrics: dict
    scored: list[ClipScores]
    extremes: ExtremeFrames


def score_clips(
    clips: Sequence[LabelledClip],
    video_settings: VideoSettings,
    detector_of: Callable[[int, int], StreamDetector],
    settings: LabelledSettings,
) -> ScoredClips:
    """Scores all frames of all test clips; each device of each process some of the clips.

    Args:
      clips: checked before (`labelled_check`).
      video_settings: how the frames are looked at.
      detector_of: the detector for a clip whose frames have a height and width on disk.

    UserError where a clip or its masks cannot be read.
    """
    for size in sorted({labelled_check.size_on_disk(clip, video_settings) for clip in clips}):
        detector_of(*size)  # here, since all processes calibrate together
    own = clips[own_part(len(clips))]
    progress = Progress.counting("evaluating", sum(len(clip.label_T) for clip in own), "frames")
    threshold = lambda detector: detector.any_threshold(settings.false_alarm_rate, settings.extrapolate)

    def score_on(device: jax.Device, clips: Sequence[LabelledClip]) -> ScoredClips:
        on_device = functools.cache(lambda *size: detector_of(*size).another_stream(device))
        scorer = LabelledClipScorer(video_settings, on_device, threshold, progress)
        reads_masks = settings.protocol.reads_masks
        scored = [scorer.score(clip, reads_masks and clip.read_masks is not None) for clip in clips]
        return ScoredClips(scored, scorer.of_all)

    def score_own() -> ScoredClips:
        devices = jax.local_devices()
        with group.apart(), ThreadPoolExecutor(len(devices), "device") as workers:
            return ScoredClips.joined(list(workers.map(score_on, devices, in_parts(own, len(devices)))))

    return ScoredClips.joined(gathered(group.by_all(score_own)))


def evaluate(
    clips: list[LabelledClip],
    found: ScoredClips,
    looks: Sequence[Looks],
    settings: LabelledSettings,
    rows: list[ClipRows],
) -> LabelledEvaluation:
    """Compares the scores of all frames of all test clips with the labels.

    Args:
      looks: at which frames each member of the detector looks.
      rows: the scores without learning of every clip, beside those that come with the model's.
    """
    protocol, of_all = settings.protocol, found.of_all
    scored = [_with_rows(clip, of) for clip, of in zip(found.scored, rows, strict=True)]
    metrics = {
        "done": done(clips, scored, looks, protocol),
        "not_done": not_done(clips, scored, protocol),
        "protocol": protocol.as_dict(),
        **score_tables(scored, protocol, settings.resamples),
        "maps": {
            f"{prefix}{name}": {"pixel_auroc": auroc.value}
            for prefix, maps in of_all.pixels.items()
            for name, auroc in maps.items()
        },
        "at_threshold": {
            **at_threshold(scored, [of.rate for of in rows], settings.false_alarm_rate, settings.resamples),
            **in_normal_clips(list(of_all.thresholds.values())),
        },
    }
    return LabelledEvaluation(_clip_rows(clips, scored), metrics, scored, of_all.extremes)


def _with_rows(clip: ClipScores, rows: ClipRows) -> ClipScores:
    return dataclasses.replace(clip, scores=clip.scores | rows.scores)


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
