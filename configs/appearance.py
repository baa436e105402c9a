"""Appearance anomalies in your own footage: trains on normal videos in minutes on 2 CPU cores, then watches.

    python -m vpn_anomaly.main --config=configs/appearance.py --config.data.path='normal/*.mp4' \\
        --workdir=runs/appearance

The model sees single whole frames, in which blocks are hidden and predicted from their surroundings. It detects
what looks wrong for as long as it is in view, but not wrong motion; for motion use configs/video.py. For static
cameras. Frames are converted to greyscale, at most 160×240 pixels.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.system = "block_inpainting"
    config.data.source = "video"
    config.data.backend = "numpy"
    config.data.frames = 2
    config.data.height = config.data.width = 0
    config.data.video.height = 160
    config.data.video.width = 240
    config.model.head.pixel_channels = 16
    config.train.steps = 1500
    config.train.batch_size = 8
    config.train.targets = (1,)
    config.evaluate.sequences = 64
    config.evaluate.batch_size = 8
    config.evaluate.calibration_sequences = 64
    config.evaluate.corruptions = ("spatial",)
    config.score.masks = 1
    return apply_variant(config, variant)
