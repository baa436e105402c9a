"""From a configuration to a system: the one place where systems and attentions are chosen by name."""

import jax.numpy as jnp

from vpn_anomaly.models.attention import DepthwiseAttention, FullAttention, NoAttention
from vpn_anomaly.models.conv_lstm import ConvLSTM
from vpn_anomaly.models.correlation import CorrelationAttention
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.models.inpainting import InpaintingHead, InpaintingNetwork
from vpn_anomaly.systems.inpainting import InpaintingSystem
from vpn_anomaly.systems.system import System


def build_system(config) -> System:
    """The system that a configuration describes."""
    return _SYSTEMS[config.system](config)


def _inpainting(config) -> InpaintingSystem:
    model = config.model
    dtype = jnp.dtype(model.dtype)
    network = InpaintingNetwork(
        encoder=Encoder(
            model.stem,
            model.encoder.block,
            model.encoder.channels,
            tuple(model.encoder.dilations),
            model.rematerialise,
            dtype,
        ),
        conv_lstm=ConvLSTM(model.lstm.channels, dtype),
        attention=_ATTENTIONS[model.attention.kind](model.attention, dtype),
        head=InpaintingHead(
            model.stem,
            model.head.block,
            model.head.channels,
            model.head.blocks,
            model.head.pixel_channels,
            model.rematerialise,
            dtype,
        ),
        context=model.context,
        colours=config.data.channels,
        use_masked_frame=model.use_masked_frame,
    )
    return InpaintingSystem(
        network,
        lattice=tuple(config.data.lattice),
        targets=tuple(config.train.targets),
        loss_pixels=config.train.loss_pixels,
    )


_SYSTEMS = {"inpainting": _inpainting}

_ATTENTIONS = {
    "full": lambda fields, dtype: FullAttention(
        fields.filter_size, fields.meta_channels, fields.bottleneck, dtype
    ),
    "depthwise": lambda fields, dtype: DepthwiseAttention(
        fields.filter_size, fields.meta_channels, dtype
    ),
    "correlation": lambda fields, dtype: CorrelationAttention(
        fields.heads,
        tuple(fields.windows),
        fields.radius,
        fields.cell,
        fields.meta_channels,
        dtype,
    ),
    "none": lambda fields, dtype: NoAttention(),
}
