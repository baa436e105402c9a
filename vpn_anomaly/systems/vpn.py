"""The Video Pixel Network: predicts a distribution for every pixel, given the pixels before it."""

import dataclasses

import jax
import jax.numpy as jnp

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.models.output_layer import log_histogram
from vpn_anomaly.models.pixelcnn import PixelCNN
from vpn_anomaly.models.vpn import VideoPixelNetwork
from vpn_anomaly.ops.intensity import logits
from vpn_anomaly.systems.distributions import (
    frame_statistics,
    mean_frame_surprise,
    surprise_maps,
    surprise_statistics,
)
from vpn_anomaly.systems.frames import hidden_by_any, intensity
from vpn_anomaly.systems.loss_weights import equal_weights
from vpn_anomaly.systems.memory import build_memory
from vpn_anomaly.systems.system import LatticeSystem


@dataclasses.dataclass(frozen=True)
class VPNSystem(LatticeSystem):
    """Teacher-forced training and scoring in one pass; see `systems/system.py` for the interface.

    Attributes:
        network: encoder, ConvLSTM and PixelCNN decoder.
        lattice: (rows, columns), the period of the pixels that other systems are shown, which do not
            count, so that all systems are compared on the same pixels.
        targets: the frames to predict in training.
        loss_pixels: number of random pixels per target over which the loss is computed, 0 for all.
    """

    network: VideoPixelNetwork
    lattice: tuple[int, int]
    targets: tuple[int, ...]
    loss_pixels: int = 0

    about = system_named("vpn")
    loss_unit = "nats"

    @property
    def first_frame(self) -> int:
        return 1

    def statistics(self, tail: bool = True) -> frozenset[str]:
        del tail  # tails are always computed
        return surprise_statistics(True)

    def init(self, key, clip_BxTxHxWxC):
        frames = intensity(clip_BxTxHxWxC[:1, :2])
        params = jax.jit(self.network.init)(key, frames[:, :1], frames[:, 1])["params"]
        return {**params, "output_bias": log_histogram(clip_BxTxHxWxC)}

    def loss(self, params, batch, key):
        """Mean surprise of all pixels (all colours) of the targets, nats."""
        clip_BxTxHxWxC = jnp.asarray(batch["clip"])
        features_BxGxHxWxD = self._decode(params, clip_BxTxHxWxC, self.targets)
        return mean_frame_surprise(
            features_BxGxHxWxD,
            self._output_layer(params),
            clip_BxTxHxWxC[:, jnp.array(self.targets)],
            equal_weights(jnp.ones(features_BxGxHxWxD.shape[:4], bool)),
            (self.loss_pixels, key, jnp.asarray(batch["index"])),
        )

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The maps of `surprise_maps`, in one pass regardless of the number of masks."""
        clip_BxTxHxWxC = jnp.asarray(clip_BxTxHxWxC)
        features = self._decode(params, clip_BxTxHxWxC, frames)
        value = clip_BxTxHxWxC[:, jnp.array(frames)]
        statistics = frame_statistics(features, self._output_layer(params), value)
        height, width = clip_BxTxHxWxC.shape[2:4]
        counted = hidden_by_any(shift_Mx2, self.lattice, height, width)
        return surprise_maps(statistics, value, counted)

    def costs(self, step):
        return self.network.costs(step)

    def sample(self, params, clip_BxTxHxWxC, key) -> jax.Array:
        """Samples the frame after the T given ones, uint8 (B, H, W, C).

        Pixel by pixel and colour by colour: H · W · C passes of the decoder, each over the entire
        frame.
        """
        clip_BxTxHxWxC = jnp.asarray(clip_BxTxHxWxC)
        memory = self._apply(params, "encode_frames", intensity(clip_BxTxHxWxC))[:, -1]
        kernel, bias = self._output_layer(params)
        batch, _, height, width, colours = clip_BxTxHxWxC.shape

        def draw(number, frame_BxHxWxC):
            place, colour = jnp.divmod(number, colours)
            row, column = jnp.divmod(place, width)
            features = self._apply(params, "decode", memory, intensity(frame_BxHxWxC))
            z_BxCxV = logits(features[:, row, column], kernel, bias)
            value_B = jax.random.categorical(jax.random.fold_in(key, number), z_BxCxV[:, colour])
            return frame_BxHxWxC.at[:, row, column, colour].set(value_B.astype(jnp.uint8))

        empty = jnp.zeros((batch, height, width, colours), jnp.uint8)
        return jax.lax.fori_loop(0, height * width * colours, draw, empty)

    def _decode(self, params, clip, frames):
        """The input of the output layer for every frame of `frames`, (B, G, H, W, D)."""
        memory = self._apply(params, "encode_frames", intensity(clip[:, : max(frames)]))
        chosen, before = jnp.array(frames), jnp.array(frames) - 1
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        frame = intensity(clip[:, chosen])
        features = self._apply(params, "decode", merge(memory[:, before]), merge(frame))
        return features.reshape(*frame.shape[:4], -1)

    def _apply(self, params, method, *arguments):
        return self.network.apply({"params": params}, *arguments, method=method)

    def _output_layer(self, params):
        return self._apply(params, "output_layer")


def build(config) -> VPNSystem:
    """Builds the system from a config."""
    model, train = config.model, config.train
    encoder, conv_lstm = build_memory(model)
    decoder = PixelCNN(
        model.decoder.blocks,
        model.decoder.channels,
        config.data.channels,
        model.head.pixel_channels,
        model.rematerialise,
        jnp.dtype(model.dtype),
    )
    network = VideoPixelNetwork(encoder, conv_lstm, decoder, condition=model.head.pixel_channels)
    return VPNSystem(network, tuple(config.data.lattice), tuple(train.targets), train.loss_pixels)
