"""The memory shared by several systems: an encoder and a ConvLSTM, built from a config."""

import jax.numpy as jnp

from vpn_anomaly.models.conv_lstm import ConvLSTM
from vpn_anomaly.models.encoder import Encoder


def build_memory(model) -> tuple[Encoder, ConvLSTM]:
    """Builds the encoder and the ConvLSTM from the section model of a config."""
    dtype = jnp.dtype(model.dtype)
    encoder = Encoder(
        model.stem,
        model.encoder.block,
        model.encoder.channels,
        tuple(model.encoder.dilations),
        model.rematerialise,
        dtype,
    )
    return encoder, ConvLSTM(model.lstm.channels, dtype, model.lstm.chunk)
