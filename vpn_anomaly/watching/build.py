"""From the config to what watches."""

import dataclasses
import threading
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


class MonitorBuilder:
    """Makes monitors of sources for the members of a detector; may be used by several threads.

    Attributes:
        members, settings: as given.
    """

    def __init__(self, members: Sequence[TrainedMember], settings: WatchSettings):
        self.members, self.settings = members, settings
        self._detectors: dict[tuple[Size, ...], StreamDetector | UserError] = {}
        self._building = threading.Lock()

    def sizes(self, source_size: Size) -> tuple[Size, ...]:
        """The sizes at which the members look at frames of this size, before they are resized."""
        return work_sizes(self.members, source_size)

    def monitor_of(self, video: Video) -> Monitor:
        """The `monitor` of a source."""
        source_rate = video.rate or self.settings.video.frame_rate
        rate = min(self.settings.video.rate or source_rate, source_rate)
        return self.monitor(self.sizes(video.source_size), rate)

    def monitor(self, sizes: Sequence[Size], rate: float) -> Monitor:
        """A monitor of frames that the members look at in these sizes, of which `rate` come per second.

        It has a memory and events of its own. UserError for zones that cannot be read, settings that contradict
        each other, and footage of another size than was trained on.
        """
        return Monitor(self.detector(sizes).another_stream(), self.settings, rate)

    def detector(self, sizes: Sequence[Size]) -> StreamDetector:
        """The detector of which all sources of these sizes are streams.

        The calibrations are read where they are stored with what was trained; otherwise they are computed.

        UserError for zones that cannot be read, and footage of another size than was trained on; another time the
        same one.
        """
        sizes = tuple(sizes)
        with self._building:
            if sizes not in self._detectors:
                try:
                    self._detectors[sizes] = self._built(sizes)
                except UserError as error:
                    self._detectors[sizes] = error
            found = self._detectors[sizes]
        if isinstance(found, UserError):
            raise found
        return found

    def _built(self, sizes: Sequence[Size]) -> StreamDetector:
        settings = self.settings
        limit = memory_limit.for_footage(settings.video.max_gigabytes)

        def zones(height: int, width: int):
            return read_zones(settings.zones, height, width, limit) if settings.zones else None

        return build_stream_detector(self.members, sizes, zones, settings.tail)
