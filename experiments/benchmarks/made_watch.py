"""A watch of many sources by all members of configs/video.py, whose weights and calibrations are made up."""

import pathlib
from collections.abc import Sequence

import jax
import numpy as np

from configs import video
from experiments.benchmarks.stream_members import build_member
from vpn_anomaly import members
from vpn_anomaly.data.video.open_video import Frame, open_video
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_calibration import StreamCalibration
from vpn_anomaly.scoring.stream_detector import Size, StreamDetector, detect_together
from vpn_anomaly.scoring.stream_scorer import LARGEST_BATCH
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.watching.build import MonitorBuilder, build_watch_settings

CALIBRATED = 200  # frames of made-up scores
PAGE = 4096  # bytes


class MadeMonitors(MonitorBuilder):
    """Monitors of a detector for the frames of one film."""

    def __init__(self, film: pathlib.Path):
        config = video.get_config()
        share = members.shares(config)
        found = {name: build_member(config, name, film) for name in config.detector.members}
        trained = [
            TrainedMember(name, one.config, None, share[name], one.every) for name, one in found.items()
        ]
        super().__init__(trained, build_watch_settings(config))
        streams = [
            MemberStream(member, one.scorer, _never_exceeded(one.scorer))
            for member, one in zip(trained, found.values(), strict=True)
        ]
        self.film, self.made = film, StreamDetector(streams, config.data.channels)

    def __hash__(self):
        return id(self)

    def detector(self, sizes: Sequence[Size]) -> StreamDetector:
        return self.made

    def compile(self, streams: int) -> None:
        """Compiles the programs of every batch that so many streams can make."""
        frames = self._first_frames()
        largest = LARGEST_BATCH.cpu if jax.default_backend() == "cpu" else LARGEST_BATCH.accelerator
        batch = 1
        while batch <= min(streams, largest):
            others = [self.made.another_stream() for _ in range(batch)]
            for frame in frames:
                detect_together(others, [frame] * batch)
            batch *= 2

    def _first_frames(self) -> list[Frame]:
        """As many as it takes until every member has scores."""
        count = 1 + max(member.first_frame for member in self.made.members)
        with open_video(str(self.film), self.settings.video) as source:
            return [next(source) for _ in range(count)]


def _never_exceeded(scorer) -> StreamCalibration:
    """Of two normal clips whose scores are so high that no frame raises an alarm, as nearly none does in a watch."""
    rng, names = np.random.default_rng(0), score_names(scorer.system, scorer.tail, bool(scorer.places))
    origin = [np.repeat([0, 1], CALIBRATED // 2) for _ in range(3)]
    return StreamCalibration({name: rng.normal(1e6, size=CALIBRATED) for name in names}, *origin)


def resident_bytes() -> int:
    """The memory of this process that is in RAM."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * PAGE
