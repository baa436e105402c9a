"""Paper scale, for TPU and GPU: full resolution, full attention, and the encoder of a Video Pixel Network.

    python -m vpn_anomaly.main --config=configs/full.py --workdir=runs/full
    python -m vpn_anomaly.main --config=configs/full.py --config.train.microbatches=4 --workdir=runs/full
    python -m vpn_anomaly.main --config=configs/full.py --mode=describe --devices=8 --device_gigabytes=32

The first is for 8 devices of 32 GB, the second for one of 80 GB (by describe's estimates).

Ben-Ari and Shwartz-Ziv (arXiv 1811.10228) give no sizes. Encoder, ConvLSTM, optimizer, learning rate, batch
size and steps are those of the Video Pixel Network that they extend (Kalchbrenner et al., arXiv 1610.00527):
8 residual multiplicative blocks with dilations 1, 2, 4, 8 repeated twice and c = 128, a ConvLSTM with 256
channels, RMSProp with learning rate 3e-4, batch size 64, 300,000 steps. The head has 12 blocks, as the VPN's
decoder. Only the last frame is reconstructed, and the loss covers all of its hidden pixels. The digits are read
from tensorflow-datasets (mnist). `configs/full.py:debug` runs in a minute on a CPU.
"""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    config = defaults()
    config.data.digits = "tfds"

    config.model.stem = 1
    config.model.dtype = "bfloat16"
    config.model.rematerialise = True
    config.model.encoder.block = "rmb"
    config.model.encoder.channels = 128
    config.model.encoder.dilations = (1, 2, 4, 8, 1, 2, 4, 8)
    config.model.lstm.channels = 256
    config.model.attention.kind = "full"
    config.model.attention.bottleneck = 32
    config.model.attention.meta_channels = 128
    config.model.head.block = "rmb"
    config.model.head.blocks = 12
    config.model.head.channels = 128
    config.model.head.pixel_channels = 64

    config.train.steps = 300_000
    config.train.batch_size = 64
    config.train.optimizer = "rmsprop"
    config.train.learning_rate = 3e-4
    config.train.weight_decay = 0.0
    config.train.warmup_steps = 1000
    config.train.targets = (config.data.frames - 1,)
    config.train.loss_pixels = 0
    config.train.checkpoint_every = 1000
    config.train.log_every = 100
    return apply_variant(config, variant)
