"""From the config to what watches."""

import dataclasses

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.stream_calibration import build_normal_footage, stream_calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_model import TrainedModel
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


def build_monitor(
    config, trained: TrainedModel, settings: WatchSettings, height: int, width: int, rate: float
) -> Monitor:
    """A monitor of frames of one size, of which `rate` come per second.

    Its calibration is read where it is stored with what was trained; otherwise it is computed.

    UserError for zones that cannot be read, settings that contradict each other, and footage of
    another size than was trained on.
    """
    limit = memory_limit.for_footage(settings.video.max_gigabytes)
    zones_HxW = read_zones(settings.zones, height, width, limit) if settings.zones else None
    scorer = trained.scorer(config)
    streamer = StreamScorer(
        scorer.system, scorer.params, scorer.shift_Mx2, height, width, zones_HxW, settings.tail
    )
    calibration = stream_calibration(trained, streamer, build_normal_footage(config))
    return Monitor(streamer, calibration, settings, rate)
