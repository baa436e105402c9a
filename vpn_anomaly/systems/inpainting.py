"""The paper's system: a distribution for every hidden pixel, and how improbable its value is."""

import dataclasses

import jax
import jax.numpy as jnp

from vpn_anomaly.data.lattice import shown
from vpn_anomaly.models.inpainting import InpaintingNetwork, log_histogram
from vpn_anomaly.models.inpainting_costs import inpainting_costs
from vpn_anomaly.systems.distributions import (
    frame_statistics,
    mean_frame_surprise,
    surprise_maps,
)
from vpn_anomaly.systems.frames import intensity


@dataclasses.dataclass(frozen=True)
class InpaintingSystem:
    """Inpainting of a masked frame; see `systems/system.py` for the interface.

    Attributes:
        network: encoder, ConvLSTM, attention and head.
        lattice: (rows, columns), the period of the shown pixels.
        targets: the frames that training reconstructs, each with a mask of its own.
        loss_pixels: pixels of a target that the loss is taken over, 0 for all. They are drawn one
            from each run of H·W / loss_pixels pixels, so that the loss stays unbiased; shown ones
            among them do not count.
    """

    network: InpaintingNetwork
    lattice: tuple[int, int]
    targets: tuple[int, ...]
    loss_pixels: int = 0

    loss_unit = "nats"

    @property
    def first_frame(self) -> int:
        return self.network.context

    def init(self, key, clip_BxTxHxWxC):
        clip = clip_BxTxHxWxC[:1, : self.network.context + 1]
        frames = intensity(clip)
        mask = jnp.zeros(clip.shape[:1] + clip.shape[2:4], bool)
        params = jax.jit(self.network.init)(key, frames[:, :-1], frames[:, -1], mask)["params"]
        return {**params, "output_bias": log_histogram(clip_BxTxHxWxC)}

    def loss(self, params, batch, key):
        """Mean surprise of hidden pixels (and colours) of the targets, nats."""
        clip_BxTxHxWxC, shift_BxTx2, index_B = (
            jnp.asarray(batch[name]) for name in ("clip", "shift", "index")
        )
        height, width = clip_BxTxHxWxC.shape[2:4]
        memory = self._remember(params, clip_BxTxHxWxC[:, : max(self.targets)])
        shift_BxGx2 = shift_BxTx2[:, jnp.array(self.targets)]
        shown_BxGxHxW = shown(height, width, shift_BxGx2, self.lattice)
        features_BxGxHxWxD = self._inpaint(params, memory, clip_BxTxHxWxC, shown_BxGxHxW, self.targets)
        return mean_frame_surprise(
            features_BxGxHxWxD,
            self._output_layer(params),
            clip_BxTxHxWxC[:, jnp.array(self.targets)],
            ~shown_BxGxHxW,
            (self.loss_pixels, key, index_B),
        )

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """Statistics of a pixel are averaged over the masks that hide it (`surprise_maps`)."""
        clip_BxTxHxWxC = jnp.asarray(clip_BxTxHxWxC)
        memory = self._remember(params, clip_BxTxHxWxC[:, : max(frames)])
        total, hidden_times = jax.lax.map(
            lambda shift: self._masked_maps(params, memory, clip_BxTxHxWxC, shift, frames), shift_Mx2
        )
        times = hidden_times.sum(0)
        average = jax.tree.map(lambda x: x.sum(0) / jnp.maximum(times, 1), total)
        return surprise_maps(average, clip_BxTxHxWxC[:, jnp.array(frames)], times > 0)

    def costs(self, step):
        return inpainting_costs(self.network, step)

    def _masked_maps(self, params, memory, clip_BxTxHxWxC, shift_2, frames):
        """The statistics under one mask, zero where shown, and where it hides, (H, W)."""
        batch, _, height, width, _ = clip_BxTxHxWxC.shape
        shown_HxW = shown(height, width, shift_2, self.lattice)
        shown_BxGxHxW = jnp.broadcast_to(shown_HxW, (batch, len(frames), height, width))
        features = self._inpaint(params, memory, clip_BxTxHxWxC, shown_BxGxHxW, frames)
        value = clip_BxTxHxWxC[:, jnp.array(frames)]
        statistics = frame_statistics(features, self._output_layer(params), value)
        hidden = ~shown_HxW
        return jax.tree.map(lambda x: x * hidden, statistics), hidden.astype(jnp.float32)

    def _remember(self, params, clip):
        return self.network.apply({"params": params}, intensity(clip), method="remember")

    def _inpaint(self, params, memory, clip, shown_BxGxHxW, targets):
        """What the output layer reads for every target frame, (B, G, H, W, D)."""
        context = self.network.context
        before = jnp.array([range(target - context, target) for target in targets])
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        features = self.network.apply(
            {"params": params},
            merge(memory[:, before]),
            merge(intensity(clip[:, before])),
            merge(intensity(clip[:, jnp.array(targets)])),
            merge(shown_BxGxHxW),
            method="inpaint",
        )
        return features.reshape(*shown_BxGxHxW.shape, features.shape[-1])

    def _output_layer(self, params):
        return params["output_kernel"], params["output_bias"]
