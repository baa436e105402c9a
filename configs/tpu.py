"""The paper at full resolution for one TPU chip of 16 GB: full.py's model at half its width, 16 sequences a batch.

    python -m vpn_anomaly.main --config=configs/tpu.py --workdir=runs/tpu
    python -m vpn_anomaly.main --config=configs/tpu.py --mode=describe --devices=1 --device_gigabytes=16

What full.py reproduces, in a size for hours of one chip instead of days of eight: an encoder of 4 residual
multiplicative blocks with dilations 1, 2, 4, 8 and c = 64, a ConvLSTM with 128 channels, a head of 6 blocks, full
attention, RMSProp with learning rate 3e-4. Widths are multiples of 128, as the chip's matrix unit is wide. Batches
are of one device: of N, set `train.batch_size` to N times as much. It trains on the embedded digits, without
TensorFlow, as `experiments/colab.ipynb` does on a TPU; evaluates on 1,000 + 1,000 sequences.

It was not trained: no TPU was at hand. That it fits is what describe estimates, and what the compiler for such a chip
plans (`experiments/results/memory_estimate.json`). `configs/tpu.py:debug` runs in a minute on a CPU.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.data.backend = "numpy"

    config.model.stem = 1
    config.model.dtype = "bfloat16"
    config.model.rematerialise = True
    config.model.encoder.block = "rmb"
    config.model.encoder.channels = 64
    config.model.encoder.dilations = (1, 2, 4, 8)
    config.model.lstm.channels = 128
    config.model.attention.kind = "full"
    config.model.attention.bottleneck = 32
    config.model.attention.meta_channels = 128
    config.model.head.block = "rmb"
    config.model.head.blocks = 6
    config.model.head.channels = 64
    config.model.head.pixel_channels = 64

    config.train.steps = 20_000
    config.train.batch_size = 16
    config.train.optimizer = "rmsprop"
    config.train.learning_rate = 3e-4
    config.train.weight_decay = 0.0
    config.train.warmup_steps = 1000
    config.train.targets = (config.data.frames - 1,)
    config.train.loss_pixels = 0
    config.train.checkpoint_every = 1000
    config.train.log_every = 100
    return apply_variant(config, variant)
