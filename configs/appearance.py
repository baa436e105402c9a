"""Appearance anomalies in your own footage: trains on normal videos in minutes on 2 CPU cores, then watches.

    python -m vpn_anomaly.main --config=configs/appearance.py --config.data.path='normal/*.mp4' \\
        --workdir=runs/appearance

The model sees single whole frames, in which blocks are hidden and predicted from their surroundings. It detects
what looks wrong for as long as it is in view, but not wrong motion; configs/video.py has this model as a member,
beside one for motion. For static cameras. Frames are converted to greyscale, at most 160×240 pixels.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.member_rows import member_named
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.update_from_flattened_dict(dict(member_named("appearance").fields))
    config.data.source = "video"
    config.data.backend = "numpy"
    config.train.report_every = 200  # a page takes as long as three steps, which are short
    config.evaluate.batch_size = 8
    return apply_variant(config, variant)
