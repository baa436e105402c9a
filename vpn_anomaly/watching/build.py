"""From the config to what watches."""

import dataclasses
from collections.abc import Sequence

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.data.video.open_video import Video
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.stream_detector import Size, StreamDetector, build_stream_detector, work_sizes
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.watching.monitor import Monitor
from vpn_anomaly.watching.settings import WatchSettings
from vpn_anomaly.watching.zones import read_zones


def build_watch_settings(config) -> WatchSettings:
    """The settings of a run that was trained on videos. UserError for another."""
    if config.data.source == "sequences":
        raise UserError(
            "--mode=watch needs a run that was trained on videos; train one with"
            " --config=configs/video.py --config.data.path='normal/*.mp4'"
        )
    fields = config.watch.to_dict()
    video = dataclasses.replace(build_video_settings(config.data), timeout=fields.pop("timeout"))
    return WatchSettings(video=video, **fields)


@dataclasses.dataclass(frozen=True, eq=False)
class MonitorBuilder:
    """Makes monitors of sources for the members of a detector; one serves all sources of its sizes."""

    members: Sequence[TrainedMember]
    settings: WatchSettings

    def sizes(self, source_size: Size) -> tuple[Size, ...]:
        """The sizes at which the members look at frames of this size, before they are resized."""
        return work_sizes(self.members, source_size)

    def rate(self, video: Video) -> float:
        """Frames per second of a source that are watched."""
        source_rate = video.rate or self.settings.video.frame_rate
        return min(self.settings.video.rate or source_rate, source_rate)

    def monitor(self, sizes: Sequence[Size], rate: float) -> Monitor:
        """A monitor of frames that the members look at in these sizes, of which `rate` come per second.

        The calibrations are read where they are stored with what was trained; otherwise they are computed.

        UserError for zones that cannot be read, settings that contradict each other, and footage of
        another size than was trained on.
        """
        return Monitor(self.detector(sizes), self.settings, rate)

    def detector(self, sizes: Sequence[Size]) -> StreamDetector:
        """The detector of a `monitor`, for the streams of several sources (`StreamDetector.another_stream`).

        UserError for zones that cannot be read, and footage of another size than was trained on.
        """
        settings = self.settings
        limit = memory_limit.for_footage(settings.video.max_gigabytes)

        def zones(height: int, width: int):
            return read_zones(settings.zones, height, width, limit) if settings.zones else None

        return build_stream_detector(self.members, sizes, zones, settings.tail)
