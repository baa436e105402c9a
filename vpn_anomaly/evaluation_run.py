"""Runs an evaluation from a config to its output files: results.json, scores, figures and the page.

results.json is written last: it marks the run as finished.
"""

import datetime
import functools
import pathlib
import time
import types
from collections.abc import Mapping, Sequence

import numpy as np

from vpn_anomaly import config as configuration
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data.build import (
    build_source,
    build_video_settings,
    check_layout,
    labelled_clips,
    normal_sources,
)
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.distributed import group
from vpn_anomaly.evaluation import labelled_check, labelled_videos, sequences
from vpn_anomaly.evaluation.baseline_rows import ClipRows, clip_rows
from vpn_anomaly.evaluation.clip_scores import ClipScores
from vpn_anomaly.evaluation.protocol import Protocol
from vpn_anomaly.evaluation.protocol_notes import Looks
from vpn_anomaly.files import output_files
from vpn_anomaly.files.rows import write_rows
from vpn_anomaly.members import naming
from vpn_anomaly.report import labelled_page, sequences_page
from vpn_anomaly.report.sequences_figures import draw_figures
from vpn_anomaly.scoring.clip_calibration import calibration_with_residual
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.footage_baselines import chosen_baselines
from vpn_anomaly.scoring.normal_footage import build_normal_footage, calibrating_sizes
from vpn_anomaly.scoring.stream_detector import build_stream_detector, work_sizes
from vpn_anomaly.scoring.trained_member import TrainedMember, training_records
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage import provenance, results_file, workdir
from vpn_anomaly.systems.build import build_system


def evaluate(
    config, trained: TrainedModel, directory: pathlib.Path, training_seconds: float | None = None
) -> dict:
    """Evaluates a single model on the test data that the config names; writes the output files.

    Args:
        training_seconds: duration of training, including calibration; None: as stored in the checkpoint.

    Returns:
        The content of results.json: the metrics (see `SequenceEvaluation`, `LabelledEvaluation`) and
        their provenance (see `provenance.of_run`). `wall_seconds`: of training and evaluation.

    UserError if the test data are insufficient, unreadable or inconsistent with the config.
    """
    if config.data.source not in LABELLED_SOURCES:
        return evaluate_sequences(config, trained, directory, training_seconds)
    seconds = {} if training_seconds is None else {"": training_seconds}
    return evaluate_labelled_set(config, [TrainedMember("", config, trained)], directory, seconds)


def evaluate_sequences(
    config, trained: TrainedModel, directory: pathlib.Path, training_seconds: float | None = None
) -> dict:
    """Evaluates on test sequences; writes scores.npz, figures, report.html and results.json.

    All processes score, the first one compares and writes.
    """
    started = time.monotonic()
    scorer = trained.scorer(config)
    source = build_source(config.data, config.score.max_gigabytes)
    normal = calibration_with_residual(trained, scorer, source, config.evaluate.calibration_sequences)
    settings = _sequence_settings(config.evaluate)
    scored = sequences.score_test_set(scorer, source, normal, settings)

    def compare_and_write() -> dict:
        found = sequences.evaluate(scored, source, normal, settings)
        results = {**found.metrics, **_provenance(config, trained, scorer)}
        arrays = found.score_arrays()
        output_files.write_atomically(directory / "scores.npz", lambda file: np.savez(file, **arrays))
        pictured_HxW = scorer.system.shown_in_figures(*source.shape[1:3], scorer.shift_Mx2)
        draw_figures(directory, found, source, pictured_HxW, scorer.system.loss_unit)
        results["wall_seconds"] = _training_seconds(trained, training_seconds) + time.monotonic() - started
        sequences_page.write_report(directory, results, datetime.datetime.now())
        results_file.write_results(directory, results)
        return results

    return group.by_first(compare_and_write)


def evaluate_labelled_set(
    config,
    members: Sequence[TrainedMember],
    directory: pathlib.Path,
    seconds: Mapping[str, float] | None = None,
) -> dict:
    """Evaluates on a labelled set; writes frames.csv, report.html and results.json.

    All processes score, the first one compares and writes.

    Args:
        config: of the detector, or of the single model.
        members: all, whose scores are then columns beside each other and one score `any`.
        seconds: duration of the training of each, including calibration; None: as stored.
    """
    started = time.monotonic()
    clips = checked_clips(config, {member.name: (member.config, member.every) for member in members})
    video_settings, settings = build_video_settings(config.data), _labelled_settings(config)
    scored = labelled_videos.score_clips(clips, video_settings, _detector_of_size(members), settings)

    def compare_and_write() -> dict:
        looks, rows = [_looks(member) for member in members], _rows_without_learning(config, clips)
        found = labelled_videos.evaluate(clips, scored, looks, settings, rows)
        name = pathlib.Path(config.data.path).resolve().name
        records = training_records(members, seconds or {})
        results = {
            "data_set": {"source": config.data.source, "name": name, "clips": found.clips},
            **found.metrics,
            **_provenance_of_members(config, members, records),
        }
        _write_frames(directory / "frames.csv", found.scored)
        training_seconds = sum(of["training_seconds"] for of in records.values())
        results["wall_seconds"] = training_seconds + time.monotonic() - started
        labelled_page.write_report(directory / workdir.REPORT, results, found)
        results_file.write_results(directory, results)
        return results

    return group.by_first(compare_and_write)


def _looks(member: TrainedMember) -> Looks:
    first_frame = build_system(member.config).first_frame * member.every
    return Looks(member.name, first_frame, member.every, member.config.score.smoothing)


def _provenance_of_members(config, members: Sequence[TrainedMember], records: Mapping) -> Mapping:
    """The entries of results.json about what was evaluated."""
    if members[0].name:
        return {"members": records, "config": configuration.as_dict(config), **provenance.of_this_process()}
    return _provenance(config, members[0].trained, members[0].trained.scorer(config))


def checked_clips(config, models: Mapping[str, tuple] = types.MappingProxyType({})) -> list[LabelledClip]:
    """The test clips of the labelled set that the config names, which all models can score.

    Args:
        models: by name of the member, its config and that it looks at every n-th frame; empty: that of the
            config itself, at every frame.

    UserError if labels, masks and frames are inconsistent, or if a clip is too short.
    """
    check_layout(config.data)
    clips, protocol = labelled_clips(config.data), _protocol(config.evaluate)
    labelled_check.check_processes(clips, group.current().count)
    for name, (model, every) in (models or {"": (config, 1)}).items():
        with naming(name):
            first_frame = build_system(model).first_frame * every
            labelled_check.check_lengths(clips, first_frame, protocol.dropped_frames)
            calibrating = calibrating_sizes(build_normal_footage(model))
            sizes = labelled_check.sizes_on_disk(clips, build_video_settings(model.data), calibrating)
    if protocol.reads_masks:
        labelled_check.check_masks(clips, sizes, protocol.masks == "required")
    return clips


def _rows_without_learning(config, clips: list[LabelledClip]) -> list[ClipRows]:
    baselines = chosen_baselines(config.evaluate.baselines)
    return clip_rows(clips, build_video_settings(config.data), normal_sources(config.data), baselines)


def _detector_of_size(members: Sequence[TrainedMember]):
    """A function from the height and width of frames on disk to the detector for them."""
    of_sizes = functools.cache(functools.partial(build_stream_detector, members))
    return lambda height, width: of_sizes(work_sizes(members, (height, width)))


def _sequence_settings(evaluate) -> sequences.SequenceSettings:
    return sequences.SequenceSettings(
        evaluate.first_sequence,
        evaluate.sequences,
        tuple(evaluate.corruptions),
        evaluate.false_alarm_rate,
        evaluate.bootstrap,
    )


def _labelled_settings(config) -> labelled_videos.LabelledSettings:
    evaluate = config.evaluate
    return labelled_videos.LabelledSettings(
        _protocol(evaluate), evaluate.false_alarm_rate, config.watch.extrapolate, evaluate.bootstrap
    )


def _protocol(evaluate) -> Protocol:
    return Protocol(**evaluate.protocol.to_dict())


def _provenance(config, trained: TrainedModel, scorer: ClipScorer) -> Mapping:
    return provenance.of_run(config, scorer.system, scorer.params, trained.metadata)


def _training_seconds(trained: TrainedModel, measured: float | None) -> float:
    return measured or trained.metadata["wall_seconds"]


def _write_frames(path: pathlib.Path, scored: list[ClipScores]) -> None:
    """A row per frame: clip, frame (from 0), label, and every raw score; empty if there is none."""
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
