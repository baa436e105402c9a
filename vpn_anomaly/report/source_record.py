"""What is known of a source that is watched: its scores and events so far."""

import array
import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.member_stream import Watched
from vpn_anomaly.scoring.stream_detector import ANY
from vpn_anomaly.watching.events import Event
from vpn_anomaly.watching.output import Losses


@dataclasses.dataclass
class SourceRecord:
    """What is known of a source so far.

    Attributes:
      name: of the source.
      threshold: on its threshold, in lines.
      watched, score_threshold: what events are found by, and from which score on, by key.
      members: whether there are several members, and so a score of them all.
      problem: what broke on the way.
      losses: of a live source; None: of another, or not known yet.
      frame_T, time_T: number and seconds of every frame.
      score_T: by key, the score of every frame, NaN where there is none.
      any_T: likewise the score of all members, if there are some.
      events: by number, as they are known so far.
    """

    name: str
    threshold: str
    watched: Mapping[str, Watched]
    score_threshold: Mapping[str, float]
    members: bool = False
    problem: str | None = None
    losses: Losses | None = None
    frame_T: array.array = dataclasses.field(init=False)
    time_T: array.array = dataclasses.field(init=False)
    score_T: dict[str, array.array] = dataclasses.field(init=False)
    any_T: array.array | None = dataclasses.field(init=False)
    events: dict[int, Event] = dataclasses.field(init=False, default_factory=dict)

    def __post_init__(self):
        self.frame_T, self.time_T = array.array("q"), array.array("d")
        self.any_T = array.array("d") if self.members else None
        self.score_T = {key: array.array("d") for key in self.watched}

    def add(self, frame: Frame, scores: Mapping[str, float]) -> None:
        """Takes in the next frame; `scores` are by column, empty where it has none."""
        self.frame_T.append(frame.index)
        self.time_T.append(frame.time)
        for key, watched in self.watched.items():
            self.score_T[key].append(scores.get(watched.column, math.nan))
        if self.any_T is not None:
            self.any_T.append(scores.get(ANY, math.nan))

    @property
    def unscored(self) -> int:
        """How many frames have no scores."""
        return int(np.isnan(list(self.score_T.values())).all(0).sum())

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return self.time_T[-1] - self.time_T[0] if len(self.time_T) else 0.0
