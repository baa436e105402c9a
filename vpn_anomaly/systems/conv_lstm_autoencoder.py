"""Conv-LSTM (Medel and Savakis): the squared error of a composite encoder-decoder's prediction, or reconstruction."""

import dataclasses

import jax
import jax.numpy as jnp

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.models.composite import CompositeAutoencoder
from vpn_anomaly.systems.frames import hidden_by_any, intensity
from vpn_anomaly.systems.squared_error import ERROR_STATISTICS, error_maps, mean_logit
from vpn_anomaly.systems.system import LatticeSystem


@dataclasses.dataclass(frozen=True)
class ConvLSTMAutoencoderSystem(LatticeSystem):
    """Predicts the next frames from `past` frames; see `systems/system.py` for the interface.

    A frame is scored as the last one of a prediction: with 10 past and 10 future frames, it is predicted
    10 steps ahead; with 19 and 1, one step ahead. Or, if reconstructions are scored, as the last of the past
    frames, which the encoder has read.

    Attributes:
        network: the encoder and both decoders.
        past: number of input frames.
        lattice: (rows, columns), the period of the pixels that other systems are shown, which do not
            count.
        last: the last frame of the window of a sequence to train on.
        scores_reconstruction: whether reconstructions are scored.
    """

    network: CompositeAutoencoder
    past: int
    lattice: tuple[int, int]
    last: int
    scores_reconstruction: bool = False

    about = system_named("conv_lstm_autoencoder")
    loss_unit = "intensity²"

    @property
    def first_frame(self) -> int:
        return self.past - 1 if self.scores_reconstruction else self._window - 1

    @property
    def _window(self) -> int:
        """The number of frames that it reads and predicts."""
        return self.past + self.network.future

    def statistics(self, tail: bool = True) -> frozenset[str]:
        del tail  # it predicts no distribution
        return ERROR_STATISTICS

    def init(self, key, clip_BxTxHxWxC):
        params = jax.jit(self.network.init)(key, intensity(clip_BxTxHxWxC[:1, : self.past]))["params"]
        biases = ("reconstruction_bias", "prediction_bias")
        start = mean_logit(clip_BxTxHxWxC)
        return {**params, **{name: jnp.full_like(params[name], start) for name in biases}}

    def loss(self, params, batch, key):
        """Mean squared error of reconstruction and prediction, equally weighted over frames; intensities²."""
        del key
        first = self.last + 1 - self._window
        window = intensity(jnp.asarray(batch["clip"])[:, first : self.last + 1])
        parts = self.network.apply({"params": params}, window[:, : self.past])
        return jnp.mean((jnp.concatenate(parts, axis=1) - window) ** 2)

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The map `error`: squared error of the predicted or reconstructed frame, intensities²."""
        clip = intensity(jnp.asarray(clip_BxTxHxWxC))
        first = [frame - self.first_frame for frame in frames]
        past = jnp.stack([clip[:, start : start + self.past] for start in first], axis=1)
        parts = self.network.apply({"params": params}, past.reshape(-1, *past.shape[2:]))
        reconstructed, predicted = (part[:, -1] for part in parts)
        scored = reconstructed if self.scores_reconstruction else predicted
        frame_BxGxHxWxC = clip[:, jnp.array(frames)]
        counted = hidden_by_any(shift_Mx2, self.lattice, *clip.shape[2:4])
        return error_maps(scored.reshape(frame_BxGxHxWxC.shape), frame_BxGxHxWxC, counted)

    def costs(self, step):
        return self.network.costs(self.past, step)


def build(config) -> ConvLSTMAutoencoderSystem:
    """Builds the system from a config."""
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
    lattice, last = tuple(config.data.lattice), max(config.train.targets)
    scores_reconstruction = composite.scored == "reconstruction"
    return ConvLSTMAutoencoderSystem(network, composite.past, lattice, last, scores_reconstruction)
