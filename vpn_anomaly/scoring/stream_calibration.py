"""Scores of normal footage, clip by clip: all clips set thresholds, and each verifies those of the others."""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vpn_anomaly.distributed.sharing import joined, own_part
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring import stored_places
from vpn_anomaly.scoring.calibration import Calibration, in_any, log_corrected
from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.normal_footage import NormalFootage, SizedClip, check_clips, looked_at
from vpn_anomaly.scoring.normal_stream import in_streams, scored_frames
from vpn_anomaly.scoring.place_statistics import place_statistics
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.support import Support, Threshold, supported
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage.calibration_file import STREAM
from vpn_anomaly.systems.system import Places

ORIGIN = ("clip", "video", "frame")  # names of the stored arrays that say where each frame is from


class ScoreThreshold(NamedTuple):
    """A threshold of one score.

    Attributes:
        score: alarm where it is exceeded.
        threshold: the p-value of that score.
        held_out: the false alarms of the normal clips, each at the threshold of the others.
    """

    score: float
    threshold: Threshold
    held_out: FalseAlarms


@dataclasses.dataclass(frozen=True, eq=False)
class StreamCalibration:
    """Calibration of a stream's scores by normal clips.

    Attributes:
        scores: by name, (N,), in the order of clips and frames.
        clip_N: the clip of each frame, from 0, in order.
        video_N, frame_N: the number of its video, and its own.
        places: what windows of maps show in normal footage, for `StreamScorer.against`; empty: frames are
            not compared with it.
    """

    scores: dict[str, np.ndarray]
    clip_N: np.ndarray
    video_N: np.ndarray
    frame_N: np.ndarray
    places: Mapping[str, Places] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def calibration(self) -> Calibration:
        """By all clips."""
        return Calibration.fit(self.scores)

    @functools.cached_property
    def log_p(self) -> dict[str, np.ndarray]:
        """The logarithm of every frame's p-value by all clips but its own, (N,), by name; also of derived scores."""
        log_p: dict[str, np.ndarray] = {}
        for clip in range(self.clip_N[-1] + 1):
            own_N = self.clip_N == clip
            others = Calibration.fit({name: score_N[~own_N] for name, score_N in self.scores.items()})
            own = {name: score_N[own_N] for name, score_N in self.scores.items()}
            for name, score_x in {**own, **others.derived(own)}.items():
                log_p.setdefault(name, np.empty(len(own_N)))[own_N] = others.log_p_value(name, score_x)
        return log_p

    @functools.cached_property
    def log_least_p(self) -> np.ndarray:
        """`Calibration.log_least_p` of every frame by all clips but its own, (N,)."""
        names = in_any(self.scores)
        return log_corrected(np.min([self.log_p[name] for name in names], axis=0), len(names))

    @functools.cached_property
    def least_support(self) -> Support:
        """How rare a low corrected least p-value can be shown to be."""
        return Support.of([-self.calibration.log_least_p(in_any(self.scores), self.scores)], self.clip_N)

    def support(self, names: Collection[str]) -> Support:
        """How rare high values of these scores, or of derived ones, can be shown to be."""
        scores = {**self.scores, **self.calibration.derived(self.scores)}
        return Support.of([scores[name] for name in names], self.clip_N)

    def false_alarms(self, names: Collection[str], p: float) -> FalseAlarms:
        """Of frames in which one of these scores, or of derived ones, has by the other clips at most this p-value."""
        least_N = np.min([self.log_p[name] for name in names], axis=0)
        return FalseAlarms(least_N <= np.log(p), self.clip_N)

    def score_threshold(self, name: str, rate: float, extrapolate: bool) -> ScoreThreshold:
        """The threshold of a score, or of a derived one, that this part of normal frames exceeds.

        extrapolate: whether a rate is used that is rarer than the clips show.
        """
        threshold = supported(rate, self.support([name]), extrapolate)
        return ScoreThreshold(
            self.calibration.threshold(name, threshold.p), threshold, self.false_alarms([name], threshold.p)
        )


def stream_calibration(
    trained: TrainedModel,
    scorer: StreamScorer,
    footage: NormalFootage,
    every: int = 1,
    with_places: bool = False,
) -> StreamCalibration:
    """The calibration of a scorer by normal footage.

    It is read where all of it is stored with the trained model; otherwise it is computed, and stored.
    UserError where the footage cannot be read, or too few clips have the scorer's frame size.

    Args:
        every: the scorer looks at every n-th frame.
        with_places: whether frames are compared with what their places show in normal footage.
    """
    _, stored = calibration_arrays(trained, scorer, footage, every, with_places)
    return from_arrays(stored, scorer, with_places)


def from_arrays(
    stored: Mapping[str, np.ndarray], scorer: StreamScorer, with_places: bool
) -> StreamCalibration:
    """The calibration of a scorer out of `calibration_arrays`."""
    names = score_names(scorer.system, scorer.tail, with_places)
    of_places = stored_places.place_maps(scorer.system, scorer.tail) if with_places else ()
    clip_N, video_N, frame_N = (stored[name] for name in ORIGIN)
    return StreamCalibration(
        {name: stored[name] for name in names},
        np.unique(clip_N, return_inverse=True)[1],
        video_N,
        frame_N,
        stored_places.from_arrays(stored, of_places, scorer.height, scorer.width),
    )


def calibration_arrays(
    trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage, every: int, with_places: bool
) -> tuple[dict, dict[str, np.ndarray]]:
    """`stream_calibration` as it is stored: what it was made with, and its arrays by name."""
    made_with = {**_made_with(trained, scorer, footage), "every": every, "places": with_places}
    of_places = stored_places.place_maps(scorer.system, scorer.tail) if with_places else ()
    names = score_names(scorer.system, scorer.tail, with_places)
    needed = (*names, *ORIGIN, *stored_places.array_names(of_places))
    stored = trained.stored_scores(made_with, needed, STREAM)
    if stored is None:
        places = place_statistics(footage, scorer, every) if of_places else {}
        stored = _normal_scores(footage, scorer.against(places), every) | stored_places.arrays(places)
        trained.keep_calibration(made_with, stored, STREAM)
    return made_with, stored


def _made_with(trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage) -> dict:
    """What the scores depend on, beside the weights of the step."""
    zones_HxW = scorer.zones_HxW
    made_with = {
        "step": trained.metadata["step"],
        "masks": scorer.masks,
        "size": [scorer.height, scorer.width],
        "zones": None if zones_HxW is None else np.packbits(zones_HxW).tobytes().hex(),
        "smoothing": scorer.smoothing,
    }
    if footage.labelled_set is not None:
        made_with["footage"] = list(footage.labelled_set)
    return made_with


def _normal_scores(footage: NormalFootage, scorer: StreamScorer, every: int) -> dict[str, np.ndarray]:
    """The scores of all clips of the scorer's size by name, and the ORIGIN of their frames, (N,).

    Each process scores some of them: clips that follow each other in a video, as one stream, go to one.
    """
    clips = footage.of_size(scorer.height, scorer.width)
    check_clips([of.clip for of in clips], scorer.system.first_frame, every)
    streams = in_streams(clips)
    own = [of for stream in streams[own_part(len(streams))] for of in stream]
    return joined(_scores_of(own, scorer, every))


def _scores_of(clips: Sequence[SizedClip], scorer: StreamScorer, every: int) -> dict[str, np.ndarray]:
    """`_normal_scores` of these clips; nothing if no frame of them has scores."""
    total = sum(len(looked_at(of.clip, every)) for of in clips)
    progress = Progress.counting("calibrating", total, "frames")
    rows, origins, before = [], [], None
    for of in clips:
        of_others = scorer
        if scorer.system.about.fits:
            of_others = scorer.with_params(scorer.system.without(scorer.params, of.number))
            before = None
        for frame, scored in scored_frames(of, of_others, every, before):
            progress(1)
            if scored.scores:
                rows.append(scored.scores)
                origins.append((of.number, of.clip.video, frame))
        before = of
    if not rows:
        return {}
    of_origin = dict(zip(ORIGIN, np.array(origins).T))
    return {**{name: np.array([row[name] for row in rows]) for name in rows[0]}, **of_origin}
