"""The paper's system: a distribution for every hidden pixel, and how improbable its value is."""

import dataclasses

import jax
import jax.numpy as jnp

from vpn_anomaly.data.lattice import shown
from vpn_anomaly.models.inpainting import InpaintingNetwork, log_histogram
from vpn_anomaly.ops.intensity import VALUES, distribution_statistics, mean_surprise
from vpn_anomaly.systems.system import Maps


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

    @property
    def first_frame(self) -> int:
        return self.network.context

    def init(self, key, clip_BxTxHxWxC):
        clip = clip_BxTxHxWxC[:1, : self.network.context + 1]
        frames = _intensity(clip)
        mask = jnp.zeros(clip.shape[:1] + clip.shape[2:4], bool)
        params = jax.jit(self.network.init)(key, frames[:, :-1], frames[:, -1], mask)["params"]
        return {**params, "output_bias": log_histogram(clip_BxTxHxWxC)}

    def loss(self, params, batch, key):
        """Mean surprise of hidden pixels (and colours) of the targets, nats."""
        clip_BxTxHxWxC, shift_BxTx2, index_B = (
            jnp.asarray(batch[name]) for name in ("clip", "shift", "index")
        )
        height, width, colours = clip_BxTxHxWxC.shape[2:]
        memory = self._remember(params, clip_BxTxHxWxC[:, : max(self.targets)])
        shift_BxGx2 = shift_BxTx2[:, jnp.array(self.targets)]
        shown_BxGxHxW = shown(height, width, shift_BxGx2, self.lattice)
        features_BxGxHxWxD = self._inpaint(params, memory, clip_BxTxHxWxC, shown_BxGxHxW, self.targets)
        value_BxGxHxWxC = clip_BxTxHxWxC[:, jnp.array(self.targets)]
        weight_BxGxHxW = _equal_weights(~shown_BxGxHxW)
        flat = lambda x, *rest: x.reshape(-1, height * width, *rest)
        pixels = (
            flat(features_BxGxHxWxD, features_BxGxHxWxD.shape[-1]),
            flat(value_BxGxHxWxC, colours),
            flat(weight_BxGxHxW),
        )
        if self.loss_pixels:
            keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(index_B)
            pixels = _one_of_each_run(pixels, keys, self.loss_pixels)
        features, value, weight = (x.reshape(-1, *x.shape[2:]) for x in pixels)
        return mean_surprise(features, *self._output_layer(params), value.astype(jnp.int32), weight)

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """Maps `nll` (its mean is the entropy) and `tail`, in nats, `missing` and `intruding`.

        The last two are the residual of the predicted mean, darker and brighter than expected, in
        intensities 0..1; under the prediction its mean is zero and its variance the predicted one.
        """
        clip_BxTxHxWxC = jnp.asarray(clip_BxTxHxWxC)
        memory = self._remember(params, clip_BxTxHxWxC[:, : max(frames)])
        total, hidden_times = jax.lax.map(
            lambda shift: self._masked_maps(params, memory, clip_BxTxHxWxC, shift, frames), shift_Mx2
        )
        times = hidden_times.sum(0)
        average = jax.tree.map(lambda x: x.sum(0) / jnp.maximum(times, 1), total)
        residual, zero = average["residual"], jnp.zeros_like(average["residual"])
        return Maps(
            value={
                "nll": average["surprise"],
                "tail": average["tail"],
                "missing": -residual,
                "intruding": residual,
            },
            mean={"nll": average["entropy"], "missing": zero, "intruding": zero},
            variance={"missing": average["variance"], "intruding": average["variance"]},
            counted=jnp.broadcast_to(times > 0, residual.shape),
        )

    def _masked_maps(self, params, memory, clip_BxTxHxWxC, shift_2, frames):
        """The statistics under one mask, zero where shown, and where it hides, (H, W)."""
        batch, _, height, width, colours = clip_BxTxHxWxC.shape
        shown_HxW = shown(height, width, shift_2, self.lattice)
        shown_BxGxHxW = jnp.broadcast_to(shown_HxW, (batch, len(frames), height, width))
        features = self._inpaint(params, memory, clip_BxTxHxWxC, shown_BxGxHxW, frames)
        value = clip_BxTxHxWxC[:, jnp.array(frames)].reshape(-1, colours).astype(jnp.int32)
        statistics = distribution_statistics(
            features.reshape(-1, features.shape[-1]), *self._output_layer(params), value
        )
        statistics["residual"] = value / (VALUES - 1) - statistics.pop("mean")
        hidden = ~shown_HxW
        on_frames = lambda x: x.mean(-1).reshape(shown_BxGxHxW.shape) * hidden
        return jax.tree.map(on_frames, statistics), hidden.astype(jnp.float32)

    def _remember(self, params, clip):
        return self.network.apply({"params": params}, _intensity(clip), method="remember")

    def _inpaint(self, params, memory, clip, shown_BxGxHxW, targets):
        """What the output layer reads for every target frame, (B, G, H, W, D)."""
        context = self.network.context
        before = jnp.array([range(target - context, target) for target in targets])
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        features = self.network.apply(
            {"params": params},
            merge(memory[:, before]),
            merge(_intensity(clip[:, before])),
            merge(_intensity(clip[:, jnp.array(targets)])),
            merge(shown_BxGxHxW),
            method="inpaint",
        )
        return features.reshape(*shown_BxGxHxW.shape, features.shape[-1])

    def _output_layer(self, params):
        return params["output_kernel"], params["output_bias"]


def _intensity(clip):
    """uint8 to 0..1 float32."""
    return clip.astype(jnp.float32) / (VALUES - 1)


def _equal_weights(hidden_BxGxHxW):
    """Weights that sum to one and give every frame's hidden pixels an equal part."""
    hidden = hidden_BxGxHxW.astype(jnp.float32)
    frames = hidden.shape[0] * hidden.shape[1]
    return hidden / hidden.sum((2, 3), keepdims=True) / frames


def _one_of_each_run(pixels, keys_B, count):
    """Keeps one random pixel of each of `count` runs of neighbours, with the weight of the run.

    A one-hot product instead of a gather: its gradient is a product too, not a scatter.
    """
    features_NxPxD, value_NxPxC, weight_NxP = pixels
    frames, positions = weight_NxP.shape
    run = positions // count
    draw = lambda key: jax.random.randint(key, (frames // len(keys_B), count), 0, run)
    chosen = jax.vmap(draw)(keys_B).reshape(frames, count)
    chosen_NxSxR = chosen[..., None] == jnp.arange(run)

    def choose(x):
        x = x.reshape(frames, count, run, *x.shape[2:])
        kept = chosen_NxSxR.astype(x.dtype).reshape(*chosen_NxSxR.shape, *[1] * (x.ndim - 3))
        return (x * kept).sum(2, dtype=x.dtype)

    return choose(features_NxPxD), choose(value_NxPxC), choose(weight_NxP) * run
