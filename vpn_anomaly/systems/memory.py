"""The memory that several systems have: an encoder and a ConvLSTM, from a configuration."""

import jax.numpy as jnp

from vpn_anomaly.models.conv_lstm import ConvLSTM
from vpn_anomaly.models.encoder import Encoder


def build_memory(model) -> tuple[Encoder, ConvLSTM]:
    """Those that the section model of a configuration describes."""
    dtype = jnp.dtype(model.dtype)
    encoder = Encoder(
        model.stem,
        model.encoder.block,
        model.encoder.channels,
        tuple(model.encoder.dilations),
        model.rematerialise,
        dtype,
    )
    return encoder, ConvLSTM(model.lstm.channels, dtype)
