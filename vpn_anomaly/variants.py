"""Variants of any config, such as a small one, named after a colon: `--config=configs/full.py:debug`."""

import operator

from ml_collections import ConfigDict

from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MEMBERS

DEBUG_CHANNELS = 8
DEBUG_DILATIONS = 2  # number of encoder blocks that are kept
# Fields of which a member may have its own value, and that are small for it too.
_OF_MEMBERS = (
    *("data.frames", "data.height", "data.width"),
    "model.head.pixel_channels",
    *("train.steps", "train.batch_size"),
    *("evaluate.sequences", "evaluate.calibration_sequences"),
    "score.masks",
)


def apply_variant(config: ConfigDict, variant: str) -> ConfigDict:
    """Applies the named variant to the config, in place: "" changes nothing, "debug" shrinks it to a minute's run.

    Returns the config. Raises UserError for any other name.
    """
    if variant not in VARIANTS:
        names = ", ".join(name for name in VARIANTS if name)
        raise UserError(f"there is no config variant {variant!r}; the variants are: {names}")
    VARIANTS[variant](config)
    return config


def _unmodified(config: ConfigDict) -> None:
    del config


def _debug(config: ConfigDict) -> None:
    """Shrinks widths, steps, batches and evaluation; sequences of 20 grey frames of 64×64."""
    data, model, train = config.data, config.model, config.train
    data.path, data.digits, data.train_sequences = "", "embedded", 0
    data.frames, data.height, data.width, data.channels = 20, 64, 64, 1

    for part in (model.encoder, model.lstm, model.head):
        part.channels = DEBUG_CHANNELS
    model.encoder.dilations = model.encoder.dilations[:DEBUG_DILATIONS]
    model.attention.bottleneck = min(model.attention.bottleneck, DEBUG_CHANNELS)
    model.attention.meta_channels = DEBUG_CHANNELS
    model.head.blocks = min(model.head.blocks, 1)
    model.head.pixel_channels = DEBUG_CHANNELS
    model.head.pixel_layers = 1
    model.decoder.blocks = min(model.decoder.blocks, 1)
    model.decoder.channels = DEBUG_CHANNELS
    model.composite.layers = 1
    model.autoencoder.channels = model.autoencoder.code = DEBUG_CHANNELS
    model.unet.channels = (DEBUG_CHANNELS,) * len(model.unet.channels)

    train.steps, train.batch_size, train.warmup_steps = 4, 2, 1
    train.checkpoint_every, train.log_every, train.report_every = 2, 1, 2
    train.loss_pixels = 256

    config.evaluate.sequences = 8
    config.evaluate.batch_size = 4
    config.evaluate.calibration_sequences = 8
    config.evaluate.bootstrap = 20
    config.score.masks = 2
    _shrink_members(config)


def _shrink_members(config: ConfigDict) -> None:
    """Gives the own fields of members that are trained by steps the small values of the others."""
    config.update_from_flattened_dict(
        {
            f"detector.{row.name}.{name}": operator.attrgetter(name)(config)
            for row in MEMBERS
            if "train.steps" in row.own_fields
            for name in row.own_fields
            if name in _OF_MEMBERS
        }
    )


VARIANTS = {"": _unmodified, "debug": _debug}
