"""Frames of one source through all members of a detector: scores, p-values, and one score of them all."""

import copy
import dataclasses
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.data.video.resizer import Resizer
from vpn_anomaly.members import naming
from vpn_anomaly.scoring.any_threshold import any_threshold
from vpn_anomaly.scoring.member_stream import Look, MemberStream, Watched, look_together
from vpn_anomaly.scoring.normal_footage import build_normal_footage
from vpn_anomaly.scoring.stream_calibration import ScoreThreshold, stream_calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.scoring.trust import share_alarms

Size = tuple[int, int]  # (height, width), pixels
ANY = "any"  # the column of the score of all members


class Detection(NamedTuple):
    """What the members say of a frame. One that does not look at it says what it said last.

    Attributes:
        scores: by column, the member's prefix and the name of the score.
        p: p-value by key, the member's prefix and the kind of event.
        any: see `StreamDetector`; None: no member has said anything yet.
        looks: by name of the member.
        leader: the member whose p-value `any` is.
    """

    scores: dict[str, float]
    p: dict[str, float]
    any: float | None
    looks: dict[str, Look]
    leader: str


class StreamDetector:
    """The members of a detector on a stream of frames, each at its own size.

    The score of all members is any = −log min_m p_m / share_m, in nats; p_m is the member's least p-value,
    corrected for the number of its scores (`Calibration.log_least_p`), and share_m the part of the false
    alarms that it may raise. By the union bound, a normal frame has any ≥ −log a with probability a at
    most. Members that have not said anything yet take no part, nor do those that are not trusted
    (`trust.py`). Of a single model it is `Calibration.any`.

    Attributes:
        members: in their order.
        alarming: those of them that take part in alarms and in `any`.
        distrust: a line for each of the others.
        columns: of the scores of all members.
        watched: what events are found by, by key.
        first_frame: the number of the first frame of a source that has scores.
    """

    columns: tuple[str, ...]
    watched: dict[str, Watched]
    first_frame: int

    def __init__(self, members: Sequence[MemberStream], channels: int):
        """channels: 1 (grey) or 3 (RGB), of the frames."""
        self.members, self.distrust = tuple(members), share_alarms(members)
        self.alarming = tuple(member for member in members if member.share)
        self.columns = tuple(f"{member.prefix}{name}" for member in members for name in member.score_names)
        self.watched = {key: watched for member in self.alarming for key, watched in member.watched.items()}
        self.first_frame = min(member.first_frame for member in members)
        # A thread each: what one thread starts, JAX runs one after the other.
        self._workers = ThreadPoolExecutor(len(members), "member")
        self._channels = channels
        self._resizers = self._new_resizers()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the members; empty for the single model of a run without members."""
        return tuple(member.name for member in self.members if member.name)

    def another_stream(self, device: jax.Device | None = None) -> "StreamDetector":
        """The same for another stream, with a memory of its own; on another device, if one is given.

        Both can be used at the same time; `detect_together` takes frames of both at once, if they are on one device.
        """
        other = copy.copy(self)
        other.members = tuple(member.another_stream(device) for member in self.members)
        other.alarming = tuple(member for member in other.members if member.share)
        other._workers = ThreadPoolExecutor(len(other.members), "member")
        other._resizers = self._new_resizers()  # which two threads cannot share
        return other

    def restart(self) -> None:
        """Clears the memory: the next frame is the first of another stream."""
        for member in self.members:
            member.restart()

    def __call__(self, frame: Frame) -> Detection:
        """What the members say of the next frame."""
        return detect_together([self], [frame])[0]

    def _new_resizers(self) -> dict[Size, Resizer]:
        return {member.size: Resizer(member.size, self._channels) for member in self.members}

    def _images(self, frame: Frame) -> dict[Size, np.ndarray]:
        """The frame in the sizes at which members look at it."""
        images: dict[Size, np.ndarray] = {frame.image.shape[:2]: frame.image}
        for member in self.members:
            if member.next_is_looked_at() and member.size not in images:
                images[member.size] = self._resizers[member.size].image(frame.picture)
        return images

    def _detection(self, looks: dict[str, Look]) -> Detection:
        scores: dict[str, float] = {}
        p: dict[str, float] = {}
        log_p_of_member = {}
        for member in self.members:
            if (look := looks.get(member.name)) is None:
                continue
            scores |= {f"{member.prefix}{name}": score for name, score in look.scores.items()}
            if not member.share:
                continue
            p |= {f"{member.prefix}{kind}": float(np.exp(log_p)) for kind, log_p in look.log_p.items()}
            if look.log_least_p is not None:
                log_p_of_member[member.name] = look.log_least_p - math.log(member.share)
        leader = min(log_p_of_member, key=lambda name: log_p_of_member[name], default="")
        any_score = -log_p_of_member[leader] if log_p_of_member else None
        return Detection(scores, p, any_score, looks, leader)

    def any_threshold(self, rate: float, extrapolate: bool) -> ScoreThreshold:
        """The value of `any` that at most this part of normal frames exceeds, and what it gives in normal clips.

        Of one member by its calibration, of several by the union bound. extrapolate: see `any_threshold`.
        """
        if len(self.members) == 1:
            return self.members[0].normal.score_threshold(ANY, rate, extrapolate)
        found = any_threshold(self.alarming, rate, extrapolate)
        notes = [note for note in (*self.distrust, found.threshold.note) if note]
        return found._replace(threshold=dataclasses.replace(found.threshold, note="; ".join(notes) or None))


def detect_together(detectors: Sequence[StreamDetector], frames: Sequence[Frame]) -> list[Detection]:
    """What the members say of the next frame of each of several streams.

    Each member takes those whose next frame it looks at in batches (`score_together`); members take turns in a
    stream as they do when it is alone.

    Args:
        detectors: different ones that differ only in their streams (`StreamDetector.another_stream`).
        frames: one of each.
    """
    images = [detector._images(frame) for detector, frame in zip(detectors, frames, strict=True)]
    looking: list[tuple[list[int], Future[list[Look | None]]]] = []
    for place, member in enumerate(detectors[0].members):
        streams = [detector.members[place] for detector in detectors]
        numbers = [number for number, stream in enumerate(streams) if stream.next_is_looked_at()]
        batch = [streams[number] for number in numbers], [images[number][member.size] for number in numbers]
        looking.append((numbers, detectors[0]._workers.submit(look_together, *batch)))
    looks: list[dict[str, Look]] = [{} for _ in detectors]
    for place, (numbers, looked) in enumerate(looking):
        new = dict(zip(numbers, looked.result(), strict=True))
        for number, detector in enumerate(detectors):
            member = detector.members[place]
            look = new[number] if number in new else member.pass_over()
            if look is not None:
                looks[number][member.name] = look
    return [detector._detection(of) for detector, of in zip(detectors, looks, strict=True)]


def work_sizes(members: Sequence[TrainedMember], source_size: Size) -> tuple[Size, ...]:
    """The size at which each member looks at the frames of a source, by their size before they are resized."""
    return tuple(build_video_settings(member.config.data).work_size(*source_size) for member in members)


def build_stream_detector(
    members: Sequence[TrainedMember],
    sizes: Sequence[Size],
    zones: Callable[[int, int], np.ndarray | None] = lambda height, width: None,
    tail: bool = True,
) -> StreamDetector:
    """The detector of trained members, for frames of their `work_sizes`.

    Their calibrations are read where they are stored with what was trained; otherwise they are computed.

    Args:
        zones: from a size to the pixels that count there, bool (height, width); None: all.
        tail: see `StreamScorer`.

    UserError for footage of another size than a member was trained on, and where it cannot be read.
    """
    streams = [
        _build_member(member, size, zones(*size), tail) for member, size in zip(members, sizes, strict=True)
    ]
    return StreamDetector(streams, members[0].config.data.channels)


def _build_member(member: TrainedMember, size: Size, zones_HxW, tail: bool) -> MemberStream:
    clips, score = member.trained.scorer(member.config), member.config.score
    scorer = StreamScorer(
        clips.system, clips.params, clips.shift_Mx2, *size, zones_HxW, tail, score.smoothing
    )
    with naming(member.name):
        footage = build_normal_footage(member.config)
        normal = stream_calibration(member.trained, scorer, footage, member.every, score.places)
    return MemberStream(member, scorer.against(normal.places), normal)
