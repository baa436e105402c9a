"""Anomalies in single frames: blocks of a frame are hidden and predicted from their surroundings.

The paper's idea in space instead of time. A system that remembers past frames finds nothing wrong with
a scratched or missing part that moves along unchanged: the past frames predict it. Here only the rest
of the frame can predict it (Zavrtanik et al., "Reconstruction by inpainting", 2021, with distributions).
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.block_masks import covering_shifts, hidden_rows
from vpn_anomaly.models.output_layer import log_histogram
from vpn_anomaly.models.unet import UNet
from vpn_anomaly.ops.intensity import mean_surprise
from vpn_anomaly.systems.distributions import frame_statistics
from vpn_anomaly.systems.frames import intensity
from vpn_anomaly.systems.system import Maps, System

WINDOWS = (9, 15)  # pixels; the residuals cover entire objects


@dataclasses.dataclass(frozen=True)
class BlockInpaintingSystem(System):
    """Inpainting of blocks of single frames; see `systems/system.py` for the interface.

    Attributes:
        network: the U-Net.
        sizes: side lengths of small and large blocks, pixels. Around small blocks nearly everything is
            known, so that details stand out; large blocks hide entire objects, and the prediction
            shows what is expected in their place.
        targets: the frames of a sequence to train on; block sizes are drawn at random.
        loss_pixels: number of hidden pixels of each target over which the loss is computed, drawn
            with replacement; 0: as many as a frame has.
    """

    network: UNet
    sizes: tuple[int, int]
    targets: tuple[int, ...]
    loss_pixels: int = 0

    about = system_named("block_inpainting")
    loss_unit = "nats"
    first_frame = 0

    def statistics(self, tail: bool = True) -> frozenset[str]:
        del tail  # there are no tails
        means = ("detail.mean", "missing.mean", "intruding.mean")
        return frozenset({"detail", "missing", "intruding", *means, "missing.variance", "intruding.variance"})

    def init(self, key, clip_BxTxHxWxC):
        frames = intensity(clip_BxTxHxWxC[:1, 0])
        hidden = jnp.zeros(frames.shape[:3], bool)
        params = jax.jit(self.network.init)(key, frames, hidden)["params"]
        return {**params, "output_bias": log_histogram(clip_BxTxHxWxC)}

    def loss(self, params, batch, key):
        """Mean surprise of randomly drawn hidden pixels (all colours) of the targets, nats."""
        value = jnp.asarray(batch["clip"])[:, jnp.array(self.targets)]
        height, width = value.shape[2:4]
        count = self.loss_pixels or height * width
        keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(jnp.asarray(batch["index"]))
        keys = jax.vmap(lambda key: jax.random.split(key, len(self.targets)))(keys)
        draw = lambda key: _random_mask(key, height, width, jnp.array(self.sizes), count)
        (rows, columns), (row_NxS, column_NxS) = jax.vmap(draw)(keys.reshape(-1))
        value = value.reshape(-1, *value.shape[2:])
        hidden = rows[:, :, None] & columns[:, None, :]
        features, output_layer = self._apply(params, intensity(value), hidden)
        chosen = lambda x: jax.vmap(lambda x, row, column: x[row, column])(x, row_NxS, column_NxS)
        features, value = (chosen(x).reshape(-1, x.shape[-1]) for x in (features, value))
        weight = jnp.full(len(features), 1 / len(features))
        return mean_surprise(features, *output_layer, value.astype(jnp.int32), weight)

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The map `detail`: surprise in small blocks, nats; its expected value is the entropy.

        `missing` and `intruding`: how much darker and brighter a pixel is than the predicted mean in
        large blocks, intensities in 0..1. Every pixel counts: each is hidden once for each block
        size, regardless of the shifts.
        """
        del shift_Mx2
        return self._maps(params, jnp.asarray(clip_BxTxHxWxC)[:, jnp.array(frames)])

    def initial_stream(self, batch: int, height: int, width: int) -> tuple:
        """The initial state, which is empty."""
        del batch, height, width
        return ()

    def stream_step(self, params, state, frame_BxHxWxC, shift_Mx2, tail: bool = True):
        """The maps of the next frame, (B, H, W); see `maps`. There are no tails to omit."""
        del shift_Mx2, tail
        maps = self._maps(params, jnp.asarray(frame_BxHxWxC)[:, None])
        return state, jax.tree.map(lambda x: x[:, 0], maps)

    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """All False, bool (1, H, W): every pixel is hidden by one of the masks."""
        del shift_Mx2
        return np.zeros((1, height, width), bool)

    def shown_in_figures(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """The pixels shown by the first mask with large blocks, bool (H, W)."""
        del shift_Mx2
        return ~_covering_masks(height, width, self.sizes[1])[0]

    def costs(self, step):
        return self.network.costs(step)

    def _maps(self, params, value_BxGxHxWxC) -> Maps:
        small, large = self.sizes
        detail = self._statistics(params, value_BxGxHxWxC, small, entropy=True)
        whole = self._statistics(params, value_BxGxHxWxC, large, entropy=False)
        residual, zero = whole["residual"], jnp.zeros_like(whole["residual"])
        return Maps(
            value={"detail": detail["surprise"], "missing": -residual, "intruding": residual},
            mean={"detail": detail["entropy"], "missing": zero, "intruding": zero},
            variance={"missing": whole["variance"], "intruding": whole["variance"]},
            counted=jnp.ones(residual.shape, bool),
            intensity=intensity(value_BxGxHxWxC).mean(-1),
            windows=WINDOWS,
        )

    def _statistics(self, params, value_BxGxHxWxC, size, entropy):
        """The statistics of each pixel under whichever of the four masks hides it, (B, G, H, W)."""
        frames = intensity(value_BxGxHxWxC)
        hidden = _covering_masks(*frames.shape[2:4], size)
        hidden = jnp.broadcast_to(hidden[:, None, None], (len(hidden), *frames.shape[:4]))
        frames = jnp.broadcast_to(frames, (*hidden.shape, frames.shape[-1]))
        merged = (x.reshape(-1, *x.shape[3:]) for x in (frames, hidden))  # all masks in one batch
        features, _ = self._apply(params, *merged)
        features = _hidden_by_mask(features.reshape(*hidden.shape, -1), hidden)
        output_layer = params["output_kernel"], params["output_bias"]
        return frame_statistics(features, output_layer, value_BxGxHxWxC, tail=entropy)

    def _apply(self, params, frames_NxHxWxC, hidden_NxHxW):
        return self.network.apply({"params": params}, frames_NxHxWxC, hidden_NxHxW)


def build(config) -> BlockInpaintingSystem:
    """Builds the system from a config."""
    model, train = config.model, config.train
    network = UNet(
        model.stem,
        tuple(model.unet.channels),
        model.head.pixel_channels,
        config.data.channels,
        jnp.dtype(model.dtype),
    )
    sizes = tuple(model.unet.hidden_blocks)
    return BlockInpaintingSystem(network, sizes, tuple(train.targets), train.loss_pixels)


def _covering_masks(height: int, width: int, size: int) -> np.ndarray:
    """Four masks that together hide every pixel exactly once, bool (4, H, W): True where hidden."""
    shift_4x2, side = covering_shifts(size), np.array(size)
    rows = hidden_rows(height, shift_4x2[:, 0], side)
    return rows[:, :, None] & hidden_rows(width, shift_4x2[:, 1], side)[:, None, :]


def _hidden_by_mask(features_MxBxGxHxWxD, hidden_MxBxGxHxW):
    """The features of each pixel under the mask that hides it; selected, as a sum of products is slower."""
    features, *others = features_MxBxGxHxWxD
    for hidden, of_mask in zip(hidden_MxBxGxHxW[1:], others):
        features = jnp.where(hidden[..., None], of_mask, features)
    return features


def _random_mask(key, height: int, width: int, sizes, count: int):
    """A random mask as hidden rows (H,) and columns (W,), and `count` of its pixels.

    The pixels are given as rows and columns, (count,) each, drawn uniformly with replacement.
    """
    of_size, of_shift, of_pixels = jax.random.split(key, 3)
    size = jax.random.choice(of_size, sizes)
    shift_2 = jax.random.randint(of_shift, (2,), 0, 2 * size)
    rows, columns = hidden_rows(height, shift_2[0], size), hidden_rows(width, shift_2[1], size)
    uniform_2xS = jax.random.uniform(of_pixels, (2, count))
    return (rows, columns), (_chosen(rows, uniform_2xS[0]), _chosen(columns, uniform_2xS[1]))


def _chosen(hidden_L, uniform_S):
    """Indices of hidden rows or columns, int (S,), drawn uniformly."""
    ordinal_S = jnp.floor(uniform_S * hidden_L.sum())
    return jnp.searchsorted(jnp.cumsum(hidden_L), ordinal_S, side="right")
