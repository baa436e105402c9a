"""Evaluation on a labelled video set: every frame of every test clip."""

import collections
import functools
import pathlib
import time

import numpy as np

from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores, score_clip
from vpn_anomaly.evaluation.frame_metrics import frame_metrics
from vpn_anomaly.evaluation.labelled_check import check
from vpn_anomaly.evaluation.pixel_metrics import PixelAuroc
from vpn_anomaly.evaluation.protocol import Protocol, from_neighbours
from vpn_anomaly.evaluation.protocol_notes import done, not_done
from vpn_anomaly.files.rows import write_rows
from vpn_anomaly.progress import Progress
from vpn_anomaly.report.labelled_page import write_report
from vpn_anomaly.scoring.clip_scorer import Scorer
from vpn_anomaly.scoring.stream_calibration import build_normal_footage, stream_calibration
from vpn_anomaly.scoring.stream_scorer import Streamer
from vpn_anomaly.scoring.trained_model import Trained
from vpn_anomaly.storage import provenance, workdir


def evaluate(
    config, trained: Trained, directory: pathlib.Path, training_seconds: float | None = None
) -> dict:
    """Scores all test clips; writes results.json, frames.csv and report.html to the directory.

    frames.csv has a row a frame: clip, frame (from 0), label, and every score as it came, without
    what the protocol does to it; empty where there is none.

    Args:
      training_seconds: what training took; None: as the checkpoint says.

    Returns:
      The content of results.json: `scores` by name (see `frame_metrics`), `maps` by name, what was
      done and what was not, the clips.

    UserError as of `check`, and where a clip or its masks cannot be read.
    """
    started = time.monotonic()
    clips, scorer, protocol = check(config), trained.scorer(config), _protocol(config)
    scored, pixels = _score(config, trained, scorer, clips)
    resamples, metadata = config.evaluate.bootstrap, trained.metadata
    results = {
        "data_set": _data_set(config, clips, scored),
        "done": done(config, clips, scored, scorer.system.first_frame, protocol),
        "not_done": not_done(config, clips, protocol),
        "protocol": config.evaluate.protocol.to_dict(),
        "scores": {name: _metrics(name, scored, protocol, resamples) for name in scored[0].scores},
        "maps": {name: {"pixel_auroc": auroc.value} for name, auroc in pixels.items()},
        "at_threshold": _at_threshold(scored, config.evaluate.false_alarm_rate),
        **provenance.of_run(config, scorer.system, scorer.params, metadata),
    }
    _write_frames(directory / "frames.csv", scored)
    training_seconds = training_seconds or metadata["wall_seconds"]
    results["wall_seconds"] = training_seconds + time.monotonic() - started
    workdir.write_results(directory, results)
    write_report(directory / workdir.REPORT, results, scored, config.evaluate.false_alarm_rate)
    return results


def _protocol(config) -> Protocol:
    protocol = config.evaluate.protocol
    return Protocol(protocol.dropped_frames, protocol.normalise_clips, protocol.smoothing)


def _score(config, trained: Trained, scorer: Scorer, clips: list[LabelledClip]):
    """The scores of every clip, and the pixel AUROC of every map over the clips with masks."""
    footage = build_normal_footage(config)

    @functools.cache
    def of_size(height: int, width: int):
        streamer = Streamer(scorer.system, scorer.params, scorer.shift_Mx2, height, width)
        return streamer, stream_calibration(trained, streamer, footage).calibration

    video_settings, pixels = build_video_settings(config.data), collections.defaultdict(PixelAuroc)
    progress = Progress.counting("evaluating", sum(len(clip.label_T) for clip in clips), "frames")
    scored = []
    for clip in clips:
        with_masks = config.evaluate.protocol.masks != "off" and clip.read_masks is not None
        scored.append(score_clip(clip, video_settings, of_size, pixels if with_masks else None, progress))
    return scored, pixels


def _metrics(name: str, scored: list[ClipScores], protocol: Protocol, resamples: int) -> dict:
    scores = [protocol.scores(from_neighbours(clip.scores[name])) for clip in scored]
    return frame_metrics(scores, [protocol.labels(clip.label_T) for clip in scored], resamples)


def _at_threshold(scored: list[ClipScores], rate: float) -> dict:
    """What an alarm at the calibrated threshold would give, by the scores as they came."""
    flagged, label = [], []
    for clip in scored:
        score_T = from_neighbours(clip.scores[CHOSEN_BY])
        flagged.append(score_T > clip.calibration.threshold(CHOSEN_BY, rate))
        label.append(clip.label_T)
    flagged_N, label_N = np.concatenate(flagged), np.concatenate(label)
    part = lambda chosen_N: float(flagged_N[chosen_N].mean()) if chosen_N.any() else None
    return {"score": CHOSEN_BY, "allowed": rate, "false_alarm_rate": part(~label_N), "recall": part(label_N)}


def _data_set(config, clips: list[LabelledClip], scored: list[ClipScores]) -> dict:
    return {
        "source": config.data.source,
        "name": pathlib.Path(config.data.path).resolve().name,
        "clips": [
            {
                "name": clip.name,
                "frames": len(clip.label_T),
                "anomalous": int(clip.label_T.sum()),
                "masks": clip.read_masks is not None,
                "unread": of.unread,
            }
            for clip, of in zip(clips, scored, strict=True)
        ],
    }


def _write_frames(path: pathlib.Path, scored: list[ClipScores]) -> None:
    write_rows(
        path,
        [
            {
                "clip": clip.name,
                "frame": frame,
                "label": int(label),
                **{
                    name: "" if np.isnan(score_T[frame]) else float(score_T[frame])
                    for name, score_T in clip.scores.items()
                },
            }
            for clip in scored
            for frame, label in enumerate(clip.label_T)
        ],
    )
