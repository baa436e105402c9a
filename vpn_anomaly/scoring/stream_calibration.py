"""Scores of normal footage, clip by clip: all clips set thresholds, and each verifies those of the others."""

import dataclasses
import functools
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.normal_clips import NormalClip
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration, in_any, log_corrected
from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.normal_footage import NormalFootage, check_clips, looked_at
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.support import Support, Threshold, supported
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage.calibration_file import STREAM

PLACES = ("clip", "video", "frame")  # names of the stored arrays that say where each frame is
# Frames before a clip that are streamed but not scored, so that the clip begins with the memory of a
# stream that has run for a while, as nearly all frames of a long stream do.
WARM_UP = 40


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
    """

    scores: dict[str, np.ndarray]
    clip_N: np.ndarray
    video_N: np.ndarray
    frame_N: np.ndarray

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
    trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage, every: int = 1
) -> StreamCalibration:
    """The calibration of a scorer by normal footage.

    Its scores are read where all of them are stored with the trained model; otherwise they are computed,
    and stored. UserError where the footage cannot be read, or too few clips have the scorer's frame size.

    Args:
        every: the scorer looks at every n-th frame.
    """
    made_with = {**_made_with(trained, scorer, footage), "every": every}
    names = score_names(scorer.system, scorer.tail)
    stored = trained.stored_scores(made_with, (*names, *PLACES), STREAM)
    if stored is None:
        stored = _normal_scores(footage, scorer, every)
        trained.keep_calibration(made_with, stored, STREAM)
    clip_N, video_N, frame_N = (stored[name] for name in PLACES)
    in_order = np.unique(clip_N, return_inverse=True)[1]
    return StreamCalibration({name: stored[name] for name in names}, in_order, video_N, frame_N)


def _made_with(trained: TrainedModel, scorer: StreamScorer, footage: NormalFootage) -> dict:
    """What the scores depend on, beside the weights of the step."""
    zones_HxW = scorer.zones_HxW
    made_with = {
        "step": trained.metadata["step"],
        "masks": scorer.masks,
        "size": [scorer.height, scorer.width],
        "zones": None if zones_HxW is None else np.packbits(zones_HxW).tobytes().hex(),
    }
    if footage.labelled_set is not None:
        made_with["footage"] = list(footage.labelled_set)
    return made_with


def _normal_scores(footage: NormalFootage, scorer: StreamScorer, every: int) -> dict[str, np.ndarray]:
    """The scores of all clips of the scorer's size by name, and the PLACES of their frames, (N,)."""
    videos = list(footage.read().values())
    size, sizes = (scorer.height, scorer.width), [video.shape[1:3] for video in videos]
    if size not in sizes:
        raise UserError(
            f"the frames to watch are {size[0]}×{size[1]} pixels at work size, the normal footage has"
            f" {', '.join('{}×{}'.format(*other) for other in sorted(set(sizes)))}: thresholds hold for one"
            " size only; watch the camera that the footage is of, or train on footage of this one"
        )
    clips = [(number, clip) for number, clip in enumerate(footage.clips(videos)) if sizes[clip.video] == size]
    check_clips([clip for _, clip in clips], scorer.system.first_frame, every)
    total = sum(len(looked_at(clip, every)) for _, clip in clips)
    progress = Progress.counting("calibrating", total, "frames")
    rows, places, before = [], [], None
    for number, clip in clips:
        if scorer.system.about.fits:
            scorer, before = scorer.with_params(scorer.system.without(scorer.params, number)), None
        for frame, scores in _scores_of_clip(videos[clip.video], clip, before, scorer, every, progress):
            rows.append(scores)
            places.append((number, clip.video, frame))
        before = clip
    of_places = dict(zip(PLACES, np.array(places).T))
    return {**{name: np.array([row[name] for row in rows]) for name in rows[0]}, **of_places}


def _scores_of_clip(
    video: np.ndarray, clip: NormalClip, before: NormalClip | None, scorer: StreamScorer, every: int, progress
) -> Iterator[tuple[int, dict[str, float]]]:
    """The frames that have scores, and these. The stream goes on where the clip before it ends."""
    frames = looked_at(clip, every)
    start = frames.start
    if before is None or before.video != clip.video or before.range.stop != clip.range.start:
        scorer.restart()
        start = max(0, start - max(WARM_UP, scorer.system.first_frame) * every)
    for number in range(start, frames.stop, every):
        scored = scorer(np.asarray(video[number]))
        if number in frames:
            progress(1)
            if scored.scores:
                yield number, scored.scores
