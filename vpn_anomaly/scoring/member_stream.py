"""One member of a detector on a stream of frames: what it says of a frame stands until it looks again."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.scoring.calibration import in_any
from vpn_anomaly.scoring.event_kinds import label
from vpn_anomaly.scoring.scores import event_scores, score_names
from vpn_anomaly.scoring.stream_calibration import StreamCalibration
from vpn_anomaly.scoring.stream_scorer import Scored, StreamScorer, score_together
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.systems.system import Maps


class Look(NamedTuple):
    """What a member says of the frame that it looked at last.

    Attributes:
        scores: by name.
        log_p: logarithm of the p-value by kind of event.
        log_least_p: of the least p-value of the scores that `any` is made of, corrected for their number
            (`Calibration.log_least_p`); None: it has no such scores.
        maps: (H, W) at the member's size.
        new: whether it is the frame at hand.
    """

    scores: dict[str, float]
    log_p: dict[str, float]
    log_least_p: float | None
    maps: Maps
    new: bool


class Watched(NamedTuple):
    """A kind of event that a member watches for.

    Attributes:
        member: its name; empty for a single model.
        kind: of event.
        score: the name of the score that finds it.
        column: of this score among the scores of all members.
    """

    member: str
    kind: str
    score: str
    column: str

    @property
    def label(self) -> str:
        """What it is called before people."""
        return label(self.kind, self.member)


class MemberStream:
    """A member with its scorer of frames of one size, and its calibration.

    Attributes:
        name, prefix, share, every: those of the `TrainedMember`.
        scorer, normal: as given.
        score_names: the names of its scores, in the order of columns.
        in_any: the names of those that the score of all members is made of.
        watched: what it watches for, by key: its prefix and the kind of event.
    """

    def __init__(self, member: TrainedMember, scorer: StreamScorer, normal: StreamCalibration):
        """normal: scores of normal frames by this scorer."""
        self.name, self.prefix = member.name, member.prefix
        self.share, self.every = member.share, member.every
        self.scorer, self.normal = scorer, normal
        with_places = bool(scorer.places)
        self.score_names = score_names(scorer.system, scorer.tail, with_places)
        self.watched = {
            f"{self.prefix}{kind}": Watched(self.name, kind, score, f"{self.prefix}{score}")
            for kind, score in event_scores(scorer.system, scorer.tail, with_places).items()
        }
        self.in_any = in_any(self.score_names)
        self.restart()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of its frames, pixels."""
        return self.scorer.height, self.scorer.width

    @property
    def first_frame(self) -> int:
        """The number of the first frame of a stream that it has scores of."""
        return self.scorer.system.first_frame * self.every

    def another_stream(self, device: jax.Device | None = None) -> "MemberStream":
        """The same for another stream, with a memory of its own; on another device, if one is given.

        `look_together` looks at frames of both at once, if they are on one.
        """
        other = copy.copy(self)
        other.scorer = self.scorer.another_stream(device)
        other.restart()
        return other

    def restart(self) -> None:
        """Clears the memory: the next frame is the first of another stream."""
        self.scorer.restart()
        self._frames = 0
        self._last: Look | None = None

    def next_is_looked_at(self) -> bool:
        """Whether it looks at the next frame of the stream."""
        return self._frames % self.every == 0

    def _look(self, scored: Scored) -> Look | None:
        """What it says of the next frame, by its scores."""
        self._frames += 1
        scores, maps = scored
        if maps is None:
            return None
        calibration = self.normal.calibration
        log_p = {
            watched.kind: float(calibration.log_p_value(watched.score, scores[watched.score]))
            for watched in self.watched.values()
        }
        least = float(calibration.log_least_p(self.in_any, scores)) if self.in_any else None
        self._last = Look(scores, log_p, least, maps, new=True)
        return self._last

    def pass_over(self) -> Look | None:
        """What it says of the next frame without a look at it: the same as before; None: nothing yet."""
        self._frames += 1
        if self._last is not None:
            self._last = self._last._replace(new=False)
        return self._last


def look_together(streams: Sequence[MemberStream], images: Sequence[np.ndarray]) -> list[Look | None]:
    """What a member says of the next frame of each of its streams; None for the first ones, which lack context.

    Args:
        streams: that differ in nothing else (`MemberStream.another_stream`).
        images: (H, W, C) each, at the member's size.
    """
    scored = score_together([stream.scorer for stream in streams], images)
    return [stream._look(of) for stream, of in zip(streams, scored, strict=True)]
