"""The detector in minutes on 2 CPU cores: inpainting with attention of layers, stem 4, 32 channels.

    python -m vpn_anomaly.main --config=configs/quick.py --workdir=runs/quick

Trains on the embedded digits; evaluates on 256 normal sequences and 256 of each corruption.
`configs/quick.py:debug` runs in half a minute.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.data.backend = "numpy"
    config.model.encoder.block = "relu"
    config.model.attention.kind = "layers"
    config.model.attention.content_frames = 5
    config.model.head.copies = True
    config.train.steps = 400
    config.train.batch_size = 8
    config.train.learning_rate = 1e-2
    config.evaluate.sequences = 256
    config.evaluate.batch_size = 8
    config.evaluate.calibration_sequences = 256
    return apply_variant(config, variant)
