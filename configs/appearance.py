"""Your own footage, what it looks like: trained on normal videos on 2 CPU cores in minutes, then watching.

    python -m vpn_anomaly.main --config=configs/appearance.py --config.data.path='normal/*.mp4' \\
        --workdir=runs/appearance

Sees single frames, whole: blocks of them are hidden and predicted from what is around. It finds what
looks wrong as long as it is in view, and says nothing about how things move; configs/video.py does.
For a camera that stands still. Frames are grey and of at most 160×240 pixels.
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
