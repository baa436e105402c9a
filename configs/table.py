"""The model that the tables are about, and the base of their sweeps: inpainting with correlation attention.

    python -m vpn_anomaly.main --config=configs/table.py --workdir=runs/table

Stem 4, 32 channels. Trains on the embedded digits; evaluates on 256 normal sequences and 256 of each corruption.
`configs/table.py:debug` runs in half a minute.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.data.backend = "numpy"
    config.model.encoder.block = "relu"
    config.train.steps = 400
    config.train.batch_size = 8
    config.evaluate.sequences = 256
    config.evaluate.batch_size = 8
    config.evaluate.calibration_sequences = 256
    return apply_variant(config, variant)
