"""The paper's system: predicts a distribution for every hidden pixel, and scores how improbable its value is.

The masked frame lies h frames (`horizon`) after the last one that is seen: frame t is predicted from the
frames up to t − h, and from its own shown pixels if the network uses them. With the next frame, h = 1, what
moves faster than normal is simply followed; over several frames it is not.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp

from vpn_anomaly.catalogue import attention_named, system_named
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.models.inpainting import InpaintingHead, InpaintingNetwork
from vpn_anomaly.models.output_layer import log_histogram
from vpn_anomaly.systems.distributions import (
    frame_statistics,
    mean_frame_surprise,
    surprise_maps,
    surprise_statistics,
)
from vpn_anomaly.systems.frames import intensity
from vpn_anomaly.systems.inpainting_state import StreamState, Windows
from vpn_anomaly.systems.loss_weights import weights_by_change
from vpn_anomaly.systems.memory import build_memory
from vpn_anomaly.systems.past_alone import JOINT, OF_SHOWN, joint_surprise, withhold
from vpn_anomaly.systems.skipped_loss import loss_with_skipped
from vpn_anomaly.systems.system import LatticeSystem, Maps


@dataclasses.dataclass(frozen=True)
class InpaintingSystem(LatticeSystem):
    """Inpainting of a masked frame; see `systems/system.py` for the interface.

    Attributes:
        network: encoder, ConvLSTM, attention and head.
        lattice: (rows, columns), the period of the shown pixels.
        targets: the frames to reconstruct in training, each with its own mask.
        loss_pixels: number of pixels per target over which the loss is computed, 0 for all. One is
            drawn from each run of H·W / loss_pixels adjacent pixels, so that the loss is unbiased;
            shown pixels among them do not count.
        horizon: frames from the last one that is seen to the masked one.
        motion_share: part of the loss that is distributed by change, see `weights_by_change`.
        skipped_margin: nats by which sequences that skip frames have to surprise it more than others, in
            batches that say which do (`data/skipped_frames.py`).
        mask_dropout: share of the targets of which nothing is shown in training. Above 0 its maps hold the
            joint surprise (`past_alone.py`).
    """

    network: InpaintingNetwork
    lattice: tuple[int, int]
    targets: tuple[int, ...]
    loss_pixels: int = 0
    horizon: int = 1
    motion_share: float = 0.0
    skipped_margin: float = 0.5
    mask_dropout: float = 0.0

    about = system_named("inpainting")
    loss_unit = "nats"

    @property
    def first_frame(self) -> int:
        return self.network.context + self.horizon - 1

    @property
    def size_multiple(self) -> int:
        """Frame height and width have to be multiples of this."""
        return math.lcm(self.network.encoder.stem, self.network.attention.size_multiple)

    def statistics(self, tail: bool = True) -> frozenset[str]:
        joint = frozenset({JOINT, OF_SHOWN}) if self.mask_dropout else frozenset()
        return surprise_statistics(tail) | joint

    def init(self, key, clip_BxTxHxWxC):
        clip = clip_BxTxHxWxC[:1, : self.network.context + 1]
        frames = intensity(clip)
        mask = jnp.zeros(clip.shape[:1] + clip.shape[2:4], bool)
        params = jax.jit(self.network.init)(key, frames[:, :-1], frames[:, -1], mask)["params"]
        return {**params, "output_bias": log_histogram(clip_BxTxHxWxC)}

    def loss(self, params, batch, key):
        """Mean surprise of the hidden pixels (all colours) of the targets, nats; see `motion_share`.

        In a batch with `skipped`, bool (B,), `loss_with_skipped`.
        """
        return self._loss_and_state(params, None, batch, key)[0]

    def initial_carried(self, batch: int, height: int, width: int):
        """The initial ConvLSTM state when training carries it over: (c, h), (B, h, w, L) each."""
        return self.initial_stream(batch, height, width).lstm

    def carried_loss(self, params, state, batch, key):
        """`loss`, and the ConvLSTM's state after the batch, for the next batch.

        Sequences marked in `batch["continues"]`, bool (B,), continue from `state`; the others start
        from zero, as all do in `loss`. Continuing sequences have to begin with the last frame of the
        previous ones: there it was predicted, here it is read into the state.
        """
        continues_B = jnp.asarray(batch["continues"])[:, None, None, None]
        state = jax.tree.map(lambda x: jnp.where(continues_B, x, jnp.zeros_like(x)), state)
        return self._loss_and_state(params, state, batch, key)

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The maps of `surprise_maps`, averaged at each pixel over the masks that hide it; and `joint_surprise`."""
        windows, _ = self._windows(params, jnp.asarray(clip_BxTxHxWxC), frames)
        return self._window_maps(params, windows, shift_Mx2)

    def initial_stream(self, batch: int, height: int, width: int) -> StreamState:
        """The state before the first frame of B streams."""
        network = self.network
        frames = jnp.zeros((batch, self.first_frame, height, width, network.colours), jnp.uint8)
        rows, columns = height // network.encoder.stem, width // network.encoder.stem
        h = jnp.zeros((batch, rows, columns, network.conv_lstm.features), network.conv_lstm.dtype)
        memory = jnp.repeat(h[:, None], self.first_frame, axis=1)
        return StreamState((h.astype(jnp.float32), h), memory, frames, jnp.zeros((), jnp.int32))

    def stream_step(self, params, state: StreamState, frame_BxHxWxC, shift_Mx2, tail: bool = True):
        """The state after the next frame of a stream, and that frame's maps, (B, H, W).

        The maps equal those of `maps` over all frames since the first, at a constant cost per frame. No
        pixel counts in the first frames, which lack context. Without `tail`, tails and entropies are
        omitted (see `surprise_maps`).
        """
        frame = jnp.asarray(frame_BxHxWxC)
        seen = slice(self.network.context)
        windows = Windows(state.memory[:, None, seen], state.frames[:, None, seen], frame[:, None])
        maps = self._window_maps(params, windows, shift_Mx2, tail)
        maps = jax.tree.map(lambda x: x[:, 0], maps)
        counted = maps.counted & (state.seen >= self.first_frame)
        lstm = self._apply(params, "encode_next_frame", state.lstm, intensity(frame))
        pushed = lambda last, new: jnp.concatenate([last[:, 1:], new[:, None]], axis=1)
        memory, frames = pushed(state.memory, lstm[1]), pushed(state.frames, frame)
        return StreamState(lstm, memory, frames, state.seen + 1), maps.replace(counted=counted)

    def costs(self, step):
        return self.network.costs(step)

    def _loss_and_state(self, params, state, batch, key):
        clip_BxTxHxWxC, shift_BxTx2, index_B = (
            jnp.asarray(batch[name]) for name in ("clip", "shift", "index")
        )
        height, width = clip_BxTxHxWxC.shape[2:4]
        shift_BxGx2 = shift_BxTx2[:, jnp.array(self.targets)]
        shown_BxGxHxW = withhold(
            shown(height, width, shift_BxGx2, self.lattice), self.mask_dropout, key, index_B
        )
        windows, state = self._windows(params, clip_BxTxHxWxC, self.targets, state)
        (features, copies), output_layer = (
            self._inpaint(params, windows, shown_BxGxHxW),
            self._output_layer(params),
        )
        last, subset = windows.frames[:, :, -1], (self.loss_pixels, key, index_B)
        weights = weights_by_change(~shown_BxGxHxW, windows.value, last, self.motion_share)

        def surprise(weights):
            return mean_frame_surprise(features, output_layer, windows.value, weights, subset, copies)

        if "skipped" not in batch:
            return surprise(weights), state
        skipped_B = jnp.asarray(batch["skipped"])
        return loss_with_skipped(surprise, weights, skipped_B, self.skipped_margin), state

    def _windows(self, params, clip_BxTxHxWxC, frames, state=None):
        """The windows of the given frames, and the ConvLSTM's state before the last of them.

        For the sake of that state, the ConvLSTM also reads the frames that no window sees.
        """
        first, last = self.first_frame, self.horizon  # of the context: frames before the predicted one
        before = jnp.array([range(frame - first, frame - last + 1) for frame in frames])
        remembered = intensity(clip_BxTxHxWxC[:, : max(frames)])
        memory, state = self._apply(params, "encode_frames", remembered, state)
        values = clip_BxTxHxWxC[:, jnp.array(frames)]
        return Windows(memory[:, before], clip_BxTxHxWxC[:, before], values), state

    def _window_maps(self, params, windows: Windows, shift_Mx2, tail=True) -> Maps:
        total, hidden_times = jax.lax.map(
            lambda shift: self._masked_statistics(params, windows, shift, tail), shift_Mx2
        )
        times = hidden_times.sum(0)
        average = jax.tree.map(lambda x: x.sum(0) / jnp.maximum(times, 1), total)
        maps = surprise_maps(average, windows.value, times > 0)
        if not self.mask_dropout:
            return maps
        nothing = jnp.zeros(times.shape, bool)
        past = self._statistics(params, windows, nothing, tail=False)["surprise"]
        joint = joint_surprise(average["surprise"], past, 1 - times / len(shift_Mx2))
        return maps.replace(value=maps.value | joint)

    def _masked_statistics(self, params, windows: Windows, shift_2, tail):
        """The statistics under one mask, zero at shown pixels; and its hidden pixels, 0 or 1, (H, W)."""
        shown_HxW = shown(*windows.value.shape[2:4], shift_2, self.lattice)
        statistics = self._statistics(params, windows, shown_HxW, tail)
        hidden = ~shown_HxW
        return jax.tree.map(lambda x: x * hidden, statistics), hidden.astype(jnp.float32)

    def _statistics(self, params, windows: Windows, shown_HxW, tail):
        """The statistics of `frame_statistics` of all pixels where these are shown."""
        shown_BxGxHxW = jnp.broadcast_to(shown_HxW, windows.value.shape[:4])
        features, copies = self._inpaint(params, windows, shown_BxGxHxW)
        return frame_statistics(features, self._output_layer(params), windows.value, tail, copies)

    def _inpaint(self, params, windows: Windows, shown_BxGxHxW):
        """The input of the output layer for every target frame, (B, G, H, W, D), and the copies, or None."""
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        predicted = self._apply(
            params,
            "inpaint",
            merge(windows.memory),
            merge(intensity(windows.frames)),
            merge(intensity(windows.value)),
            merge(shown_BxGxHxW),
        )
        return jax.tree.map(lambda x: x.reshape(*shown_BxGxHxW.shape, *x.shape[3:]), predicted)

    def _apply(self, params, method, *arguments):
        return self.network.apply({"params": params}, *arguments, method=method)

    def _output_layer(self, params):
        return params["output_kernel"], params["output_bias"]


def build(config) -> InpaintingSystem:
    """Builds the system from a config."""
    model, head = config.model, config.model.head
    dtype = jnp.dtype(model.dtype)
    encoder, conv_lstm = build_memory(model)
    network = InpaintingNetwork(
        encoder,
        conv_lstm,
        attention=attention_named(model.attention.kind).builder()(model.attention, model.horizon, dtype),
        head=InpaintingHead(
            model.stem,
            head.block,
            head.channels,
            head.blocks,
            head.pixel_channels,
            head.pixel_layers,
            head.sees_last_frame,
            model.rematerialise,
            dtype,
        ),
        context=model.context,
        colours=config.data.channels,
        use_masked_frame=model.use_masked_frame,
        copies=head.copies,
    )
    train = config.train
    return InpaintingSystem(
        network,
        tuple(config.data.lattice),
        tuple(train.targets),
        train.loss_pixels,
        model.horizon,
        train.motion_share,
        train.skipped_margin,
        train.mask_dropout,
    )
