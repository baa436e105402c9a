"""Attention of layers: every layer of motion in a window has filters of its own, and a track into the past.

Where digits overlap, correlation attention (`correlation.py`) finds one of them at best: what differs least over a
window is a compromise of both. Here the displacements of several layers are found by turns, each from what the
others leave unexplained (`ops/motion_layers.py`). The filters of a layer are made from its own costs, and its
displacement is continued to earlier frames, so that what was hidden comes from the frame that showed it. A layer
that others cover at times is darkest where it is alone: the least value along its track is its own. Layers are
composed as frames are, by their maximum.
"""

import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.attention.attention import Attention, AttentionSize
from vpn_anomaly.models.attention.meta_network import (
    channels_first,
    channels_last,
    filter_logits,
    meta_network_cost,
)
from vpn_anomaly.models.costs import Cost, Row
from vpn_anomaly.ops.displacement import displacement_count, limited_error, window_sums
from vpn_anomaly.ops.dynamic_conv import cell_conv
from vpn_anomaly.ops.motion_layers import (
    Matching,
    best_displacement,
    either_layer,
    layer_costs,
    moved_by_cell,
    next_step,
)

_BETA = 1.0  # initial weight of the costs in the logits, per unexplained pixel
_SOFTNESS = 3.0  # pixels, the scale of costs for the meta-network
EVIDENCE_WINDOWS = (1, 3, 7)  # cells of the stem


class LayersAttention(Attention):
    """M layers; each is the last frame under its filters, and the least of its earliest frames along its track.

    The masked frame lies h frames (`horizon`) after the last one. The costs of a displacement are the shown pixels
    (where none is shown: the pixels of the last frame, h frames earlier) that it and the other layers leave
    unexplained in the window around a cell. A small meta-network reads them, those of the last frame and the one h
    frames before, and the last ConvLSTM output, and predicts logits, added to −β·cost; a softmax makes the
    filters, which are applied to the last frame. The displacement of least cost begins the layer's track, which
    h frames by h frames goes back through `content_frames` frames; no gradient flows through costs and tracks.

    Attributes:
        layers: M.
        windows: sides of the windows of the shown pixels and of those of whole frames, cells.
        content_frames: N, the frames that a layer is taken from, h frames apart.
        tolerance: the difference of intensities, 0..1, that counts as a whole pixel.
    """

    layers: int
    windows: tuple[int, int]
    radius: int
    cell: int
    meta_channels: int
    content_frames: int
    tolerance: float
    horizon: int = 1
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        """Returns the last ConvLSTM output with the evidence for every moved frame, and the moved frames.

        For each depth of `depths`, the least of so many frames along each layer's track, and the maximum of
        each two layers: (B, H, W, depths·M·(M + 1)/2·C). The evidence for each is how many shown pixels
        around a cell of the stem it does not explain.

        Args:
            context_BxKxhxwxC: the last K outputs of the ConvLSTM, at the stem's resolution.
            frames_BxTxHxWxC: at least 1 + h·max(N − 1, 1) frames; intensities in 0..1.
            masked_frame_BxHxWxC, shown_BxHxW: the masked frame and its mask, or both None.
        """
        last_output = context_BxKxhxwxC[:, -1]
        frames = [channels_first(frames_BxTxHxWxC[:, -1 - n * self.horizon]) for n in range(self._frames)]
        masked = None if shown_BxHxW is None else channels_first(masked_frame_BxHxWxC)
        steps, costs = jax.lax.stop_gradient(self._matched(frames, masked, shown_BxHxW))
        kinds = [costs] if masked is None else [steps[0], costs]
        moved = cell_conv(frames[0], self._filters(last_output, kinds), self.radius)
        of_steps = [either_layer(costs) for costs in steps]
        along = [self._along_track(moved[:, m], frames, costs[m], of_steps) for m in range(self.layers)]
        moved_BxJxCxHxW = jnp.concatenate([_composed(same_depth) for same_depth in zip(*along)], axis=1)
        if masked is not None:
            evidence = self._evidence(moved_BxJxCxHxW, masked, shown_BxHxW, last_output.shape[1])
            last_output = jnp.concatenate([last_output, evidence.astype(last_output.dtype)], axis=-1)
        return last_output, channels_last(moved_BxJxCxHxW)

    @property
    def size_multiple(self) -> int:
        return self.cell

    @property
    def depths(self) -> tuple[int, ...]:
        """How many frames the least value is taken of: one, two and N."""
        return tuple(sorted({1, min(2, self.content_frames), self.content_frames}))

    def warped_channels(self, colours: int) -> int:
        return len(self.depths) * self.layers * (self.layers + 1) // 2 * colours

    def evidence_channels(self, masked_frame: bool) -> int:
        return len(EVIDENCE_WINDOWS) * self.warped_channels(1) * masked_frame

    def costs(self, size: AttentionSize) -> list[Row]:
        taps = displacement_count(self.radius)
        kinds = [self.layers] * (2 if size.masked_frame else 1)
        meta = meta_network_cost(size, self.cell, kinds, self.layers, self.meta_channels, taps)
        applied = Cost(0, 2 * taps * self.layers * size.colours * size.images * size.pixels)
        return [
            Row("attention", "layers: filters", meta + Cost(self.layers, 0)),
            Row("attention", "layers: applied", applied),
        ]

    @property
    def _frames(self) -> int:
        """The frames that are read, h frames apart."""
        return max(self.content_frames, 2)

    def _matched(self, frames, masked, shown):
        """The costs of steps between frames, the last two first, (N − 1, M, B, h, w, taps); and the layers' own."""
        of_shown, of_frames = (
            Matching(self.radius, self.cell, window, self.tolerance) for window in self.windows
        )
        after, before = jnp.concatenate(frames[:-1]), jnp.concatenate(frames[1:])
        costs = layer_costs(after, before, jnp.ones_like(after[:, 0]), self.layers, of_frames)
        steps = jnp.moveaxis(costs.reshape(self.layers, len(frames) - 1, -1, *costs.shape[2:]), 1, 0)
        if masked is None:
            return steps, steps[0]
        limit = shown.astype(jnp.float32)
        own = layer_costs(masked, frames[0], limit, self.layers, of_shown)
        in_window = window_sums(_cell_sums(limit[:, None], self.cell), self.windows[0])
        return steps, jnp.where(in_window > 0, own, steps[0])  # where nothing is shown, what moves goes on

    def _filters(self, last_output, kinds):
        """The filters of every layer and cell, (B, h, w, M, taps), from kinds of costs, the layers' own last."""
        kinds = [jnp.moveaxis(kind, 0, 3) for kind in kinds]
        relative = [jnp.exp((kind.min(-1, keepdims=True) - kind) / _SOFTNESS) for kind in kinds]
        logits = filter_logits(last_output, relative, self.layers, self.meta_channels, self.dtype)
        log_beta_M = self.param("log_beta", nn.initializers.constant(jnp.log(_BETA)), (self.layers,))
        return jax.nn.softmax(logits - jnp.exp(log_beta_M)[:, None] * kinds[-1])

    def _along_track(self, moved_BxCxHxW, frames, costs, of_steps):
        """The least values of a layer over each of `depths` frames along its track, (B, C, H, W) each."""
        step = position = best_displacement(costs)
        least = [moved_BxCxHxW]
        for frame, of_step in zip(frames[1 : self.content_frames], of_steps):
            step = next_step(-position, step, of_step, self.cell)
            position = position + step
            least.append(jnp.minimum(least[-1], moved_by_cell(frame, position)))
        return [least[depth - 1] for depth in self.depths]

    def _evidence(self, moved_BxJxCxHxW, masked, shown, rows):
        """The shown pixels that each moved frame does not explain, summed over windows, (B, h, w, windows·J)."""
        stem = masked.shape[2] // rows
        of_moved = jax.vmap(lambda moved: limited_error(moved - masked, self.tolerance, 1.0)[:, 0], 1, 1)
        wrong = jax.lax.stop_gradient(of_moved(moved_BxJxCxHxW)) * shown[:, None]
        of_cells = _cell_sums(wrong, stem)
        return jnp.concatenate([window_sums(of_cells, window) for window in EVIDENCE_WINDOWS], axis=-1)


def build(fields, horizon: int, dtype) -> LayersAttention:
    """Builds the attention from the section model.attention of a config."""
    return LayersAttention(
        fields.layers,
        tuple(fields.layer_windows),
        fields.radius,
        fields.cell,
        fields.meta_channels,
        fields.content_frames,
        fields.tolerance,
        horizon,
        dtype,
    )


def _cell_sums(x_BxCxHxW, cell: int):
    """Sums over cells, (B, h, w, C)."""
    batch, channels, height, width = x_BxCxHxW.shape
    cells = x_BxCxHxW.reshape(batch, channels, height // cell, cell, width // cell, cell)
    return jnp.moveaxis(cells.sum((3, 5)), 1, -1)


def _composed(layers):
    """The layers and the maximum of each two of them, (B, M·(M + 1)/2, C, H, W)."""
    pairs = [jnp.maximum(*pair) for pair in itertools.combinations(layers, 2)]
    return jnp.stack([*layers, *pairs], axis=1)
