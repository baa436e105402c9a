"""What is exported of a trained member: its programs, each with the calibration of its scores."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.errors import UserError
from vpn_anomaly.export.programs import CLIPS, STREAM, Program, clips_program, stream_program
from vpn_anomaly.scoring import calibration, clip_calibration, stream_calibration
from vpn_anomaly.scoring.calibration import NOVELTY, Calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.normal_footage import build_normal_footage, calibrating_sizes
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.storage import calibration_file


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A program, and what its scores are calibrated by.

    Attributes:
        name: of the program.
        program: what is exported.
        package: the scorer in this package that it has to agree with.
        file: the name of the stored calibration (`calibration_file.py`).
        made_with, scores: its content; None: normal footage is not known.
        any: what the score `any` is made of, plain JSON; None: there is no such score.
    """

    name: str
    program: Program
    package: ClipScorer | StreamScorer
    file: str
    made_with: Mapping | None = None
    scores: Mapping[str, np.ndarray] | None = None
    any: Mapping | None = None


def parts(member: TrainedMember) -> Iterator[Part]:
    """The parts that the member's system has: of sequences, of streams, or both.

    Calibrations are read where they are stored with what was trained; otherwise they are computed.
    UserError for footage that cannot be read, or that has frames of several sizes.
    """
    row = system_named(member.config.system)
    if not row.fits:
        yield _clips(member)
    if row.streams:
        yield _stream(member)


def _clips(member: TrainedMember) -> Part:
    config, trained = member.config, member.trained
    data, count = config.data, config.evaluate.calibration_sequences
    scorer = trained.scorer(config)
    made_with = clip_calibration.made_with(trained, scorer, count)
    names = score_names(scorer.system)
    scores = trained.stored_scores(made_with, names)
    if scores is None:
        source = build_source(data, config.score.max_gigabytes)
        scores = clip_calibration.calibration_scores(trained, scorer, source, count)
    program = clips_program(scorer, (data.frames, data.height, data.width, data.channels))
    made_of = _any(Calibration.fit(scores), names, calibration.combined)
    return Part(CLIPS, program, scorer, calibration_file.CLIPS, made_with, scores, made_of)


def _stream(member: TrainedMember) -> Part:
    config, trained = member.config, member.trained
    channels, places = config.data.channels, config.score.places
    clips, smoothing = trained.scorer(config), config.score.smoothing
    scorer_of = lambda size: StreamScorer(
        clips.system,
        clips.params,
        clips.shift_Mx2,
        *size,
        tail=config.watch.tail,
        smoothing=smoothing,
    )
    if config.data.source == "sequences":
        scorer = scorer_of((config.data.height, config.data.width))
        return Part(STREAM, stream_program(scorer, channels), scorer, calibration_file.STREAM)
    footage = build_normal_footage(config)
    scorer = scorer_of(_one_size(config, sorted(calibrating_sizes(footage))))
    arrays = stream_calibration.calibration_arrays(trained, scorer, footage, member.every, places)
    normal = stream_calibration.from_arrays(arrays[1], scorer, places)
    scorer = scorer.against(normal.places)
    made_of = _any(normal.calibration, tuple(normal.scores), calibration.in_any)
    return Part(STREAM, stream_program(scorer, channels), scorer, calibration_file.STREAM, *arrays, made_of)


def _one_size(config: ConfigDict, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if len(sizes) != 1:
        shown = ", ".join(f"{height}×{width}" for height, width in sizes) or "no size often enough"
        raise UserError(
            f"a streaming step is exported for frames of one size, but the normal footage at {config.data.path} has"
            f" {shown} at work size; give footage of one size as data.path"
        )
    return sizes[0]


def _any(normal: Calibration, names: Sequence[str], chosen: Callable) -> dict | None:
    """What `any` is made of: `least_of` scores, of which novelty is the `sum_of` others; and their curves."""
    least_of = chosen(names)
    if not least_of:
        return None
    sum_of = calibration.novelty_parts(names) if NOVELTY in least_of else ()
    curves = normal.record((*least_of, *sum_of))
    return {"least_of": list(least_of), "sum_of": list(sum_of), "curves": curves}
