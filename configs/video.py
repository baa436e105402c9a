"""Anomalies in your own footage: trains on normal videos in minutes on 2 CPU cores, then watches.

    python -m vpn_anomaly.main --config=configs/video.py --config.data.path='normal/*.mp4' \\
        --workdir=runs/video

A detector of three members, each in its folder of the workdir: `motion`, with the fields below; `appearance`, the
model of configs/appearance.py on smaller frames and with fewer steps, which looks at every 10th frame (its fields:
detector.appearance.FIELD); and `normality`, which is fitted to all of the footage in a minute and says what was never
seen here (its fields: model.normality.FIELD).

Motion trains on random crops, 64×64 pixels and 20 frames, of greyscale frames of at most 120×180 pixels; the largest
motion is measured first. The frame that it predicts lies 4 frames after the last one that it sees: what moves faster
than normal is then not simply followed. It does not see the masked frame: a model that is shown part of an anomalous
frame follows it, and objects in footage mostly keep moving as they did (`--config.model.use_masked_frame=true` turns
it on, `--config.score.masks=4` averages over more masks).
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.data.source = "video"
    config.data.backend = "numpy"
    config.data.video.height = 120
    config.data.video.width = 180
    config.model.attention.heads = 2
    config.model.attention.windows = (3, 9)
    config.model.attention.radius = 0
    config.model.horizon = 4
    config.model.use_masked_frame = False
    config.model.encoder.block = "relu"
    config.model.encoder.channels = 24
    config.model.lstm.channels = 24
    config.model.attention.meta_channels = 32
    config.model.head.channels = 32
    config.model.head.pixel_channels = 16
    config.train.carried = True
    config.train.steps = 400
    config.train.batch_size = 8
    config.evaluate.sequences = 128
    config.evaluate.batch_size = 8
    config.evaluate.calibration_sequences = 128
    config.evaluate.corruptions = ("temporal",)
    config.score.masks = 1
    config.detector.members = ("motion", "appearance", "normality")
    config.detector.appearance.data.video.height = 120
    config.detector.appearance.data.video.width = 180
    config.detector.appearance.train.steps = 600
    return apply_variant(config, variant)
