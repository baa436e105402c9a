"""An autoencoder of single frames: it detects anomalous appearance, not motion."""

import dataclasses

import jax
import jax.numpy as jnp

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.models.frame_autoencoder import FrameAutoencoder
from vpn_anomaly.systems.frames import hidden_by_any, intensity
from vpn_anomaly.systems.squared_error import ERROR_STATISTICS, error_maps, mean_logit
from vpn_anomaly.systems.system import LatticeSystem


@dataclasses.dataclass(frozen=True)
class FrameAutoencoderSystem(LatticeSystem):
    """The squared error of a reconstruction; see `systems/system.py` for the interface.

    Attributes:
        network: the autoencoder.
        lattice: (rows, columns), the period of the pixels that other systems are shown, which do not
            count.
        targets: the frames of a sequence to train on.
    """

    network: FrameAutoencoder
    lattice: tuple[int, int]
    targets: tuple[int, ...]

    about = system_named("frame_autoencoder")
    loss_unit = "intensity²"

    @property
    def first_frame(self) -> int:
        return 0

    def statistics(self, tail: bool = True) -> frozenset[str]:
        del tail  # it predicts no distribution
        return ERROR_STATISTICS

    def init(self, key, clip_BxTxHxWxC):
        params = jax.jit(self.network.init)(key, intensity(clip_BxTxHxWxC[:1, 0]))["params"]
        bias = jnp.full_like(params["output"]["bias"], mean_logit(clip_BxTxHxWxC))
        return {**params, "output": {**params["output"], "bias": bias}}

    def loss(self, params, batch, key):
        """Mean squared error of the targets, intensities²."""
        del key
        frames = intensity(jnp.asarray(batch["clip"])[:, jnp.array(self.targets)])
        return jnp.mean((self._reconstruct(params, frames) - frames) ** 2)

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The map `error`: squared error of the reconstruction, intensities²."""
        frame_BxGxHxWxC = intensity(jnp.asarray(clip_BxTxHxWxC)[:, jnp.array(frames)])
        counted = hidden_by_any(shift_Mx2, self.lattice, *frame_BxGxHxWxC.shape[2:4])
        return error_maps(self._reconstruct(params, frame_BxGxHxWxC), frame_BxGxHxWxC, counted)

    def costs(self, step):
        return self.network.costs(step)

    def _reconstruct(self, params, frames_BxGxHxWxC):
        merged = frames_BxGxHxWxC.reshape(-1, *frames_BxGxHxWxC.shape[2:])
        return self.network.apply({"params": params}, merged).reshape(frames_BxGxHxWxC.shape)


def build(config) -> FrameAutoencoderSystem:
    """Builds the system from a config."""
    sizes, dtype = config.model.autoencoder, jnp.dtype(config.model.dtype)
    network = FrameAutoencoder(sizes.channels, sizes.code, config.data.channels, dtype)
    return FrameAutoencoderSystem(network, tuple(config.data.lattice), tuple(config.train.targets))
