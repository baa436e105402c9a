"""From a configuration to a system: the one place where systems and attentions are chosen by name."""

import jax.numpy as jnp

from vpn_anomaly.models.attention import DepthwiseAttention, FullAttention, NoAttention
from vpn_anomaly.models.composite import CompositeAutoencoder
from vpn_anomaly.models.conv_lstm import ConvLSTM
from vpn_anomaly.models.correlation import CorrelationAttention
from vpn_anomaly.models.encoder import Encoder
from vpn_anomaly.models.frame_autoencoder import FrameAutoencoder
from vpn_anomaly.models.inpainting import InpaintingHead, InpaintingNetwork
from vpn_anomaly.models.pixelcnn import PixelCNN
from vpn_anomaly.models.unet import UNet
from vpn_anomaly.models.vpn import VideoPixelNetwork
from vpn_anomaly.systems.block_inpainting import BlockInpaintingSystem
from vpn_anomaly.systems.conv_lstm_autoencoder import ConvLSTMAutoencoderSystem
from vpn_anomaly.systems.frame_autoencoder import FrameAutoencoderSystem
from vpn_anomaly.systems.inpainting import InpaintingSystem
from vpn_anomaly.systems.system import System
from vpn_anomaly.systems.vpn import VPNSystem


def build_system(config) -> System:
    """The system that a configuration describes."""
    return _SYSTEMS[config.system](config)


def _inpainting(config) -> InpaintingSystem:
    model, head = config.model, config.model.head
    dtype = jnp.dtype(model.dtype)
    network = InpaintingNetwork(
        encoder=_encoder(model),
        conv_lstm=ConvLSTM(model.lstm.channels, dtype),
        attention=_ATTENTIONS[model.attention.kind](model.attention, dtype),
        head=InpaintingHead(
            model.stem,
            head.block,
            head.channels,
            head.blocks,
            head.pixel_channels,
            head.pixel_layers,
            model.rematerialise,
            dtype,
        ),
        context=model.context,
        colours=config.data.channels,
        use_masked_frame=model.use_masked_frame,
    )
    return InpaintingSystem(network, _lattice(config), _targets(config), config.train.loss_pixels)


def _vpn(config) -> VPNSystem:
    model, dtype = config.model, jnp.dtype(config.model.dtype)
    decoder = PixelCNN(
        model.decoder.blocks,
        model.decoder.channels,
        config.data.channels,
        model.head.pixel_channels,
        model.rematerialise,
        dtype,
    )
    network = VideoPixelNetwork(
        _encoder(model),
        ConvLSTM(model.lstm.channels, dtype),
        decoder,
        condition=model.head.pixel_channels,
    )
    return VPNSystem(network, _lattice(config), _targets(config), config.train.loss_pixels)


def _conv_lstm_autoencoder(config) -> ConvLSTMAutoencoderSystem:
    model, composite = config.model, config.model.composite
    network = CompositeAutoencoder(
        model.stem,
        model.lstm.channels,
        composite.layers,
        composite.future,
        config.data.channels,
        composite.conditioned,
        jnp.dtype(model.dtype),
    )
    last = max(config.train.targets)
    return ConvLSTMAutoencoderSystem(network, composite.past, _lattice(config), last)


def _frame_autoencoder(config) -> FrameAutoencoderSystem:
    sizes = config.model.autoencoder
    network = FrameAutoencoder(
        sizes.channels, sizes.code, config.data.channels, jnp.dtype(config.model.dtype)
    )
    return FrameAutoencoderSystem(network, _lattice(config), _targets(config))


def _block_inpainting(config) -> BlockInpaintingSystem:
    model = config.model
    network = UNet(
        model.stem,
        tuple(model.unet.channels),
        model.head.pixel_channels,
        config.data.channels,
        jnp.dtype(model.dtype),
    )
    sizes = tuple(model.unet.hidden_blocks)
    return BlockInpaintingSystem(network, sizes, _targets(config), config.train.loss_pixels)


def _encoder(model) -> Encoder:
    return Encoder(
        model.stem,
        model.encoder.block,
        model.encoder.channels,
        tuple(model.encoder.dilations),
        model.rematerialise,
        jnp.dtype(model.dtype),
    )


def _lattice(config) -> tuple[int, int]:
    return tuple(config.data.lattice)


def _targets(config) -> tuple[int, ...]:
    return tuple(config.train.targets)


_SYSTEMS = {
    "inpainting": _inpainting,
    "vpn": _vpn,
    "conv_lstm_autoencoder": _conv_lstm_autoencoder,
    "frame_autoencoder": _frame_autoencoder,
    "block_inpainting": _block_inpainting,
}

_ATTENTIONS = {
    "full": lambda fields, dtype: FullAttention(
        fields.filter_size, fields.meta_channels, fields.bottleneck, dtype
    ),
    "depthwise": lambda fields, dtype: DepthwiseAttention(fields.filter_size, fields.meta_channels, dtype),
    "correlation": lambda fields, dtype: CorrelationAttention(
        fields.heads,
        tuple(fields.windows),
        fields.radius,
        fields.cell,
        fields.meta_channels,
        fields.content_frames,
        dtype,
    ),
    "none": lambda fields, dtype: NoAttention(),
}
