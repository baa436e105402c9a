"""Correlation attention: filters for every cell, computed from displacement costs.

The interpretation of the paper's convolution attention that makes the detector sharp: pixel-accurate
positions of the digits can come only from past motion, and the 5% of shown pixels settle which pixel.

Costs compare frames that lie as far apart as the frame that is moved and the one that is predicted, so that
the displacement that costs least is the one to apply, for any horizon.
"""

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
from vpn_anomaly.ops.displacement import displacement_costs, displacement_count, window_sums
from vpn_anomaly.ops.dynamic_conv import cell_conv

# Initial β, the weight of the costs in the logits, by window side in cells (tuned on validation
# sequences): first for the motion costs, then for the costs of the shown pixels.
_BETA = {3: (0.2, 5.0), 5: (0.06, 3.0), 9: (0.02, 1.5)}


class CorrelationAttention(Attention):
    """M filters of (2R+1)² taps per cell, softmax over the taps, applied to the last frame.

    The masked frame lies h frames (`horizon`) after the last frame. Each displacement d within ±R pixels
    has three costs, summed over windows of several sizes: the squared difference between the last frame
    and the one h frames before it shifted by d, likewise one frame earlier, and between the shown pixels
    of the masked frame and the last frame shifted by d. A small meta-network reads the costs and the last
    ConvLSTM output and predicts logits, added to −β·cost. No gradient flows through the costs. Head m
    uses window m (cyclically if there are more heads).

    With `content_frames` ≥ 2, the n-th frame from the end (n = 2, …), h + n − 1 frames before the masked
    one, is warped as well, by M filters of its own within ±R·(h + n − 1)/h pixels, from the costs over as
    many frames: it may show what is occluded by overlapping digits in the last frame.
    """

    heads: int
    windows: tuple[int, ...]
    radius: int
    cell: int
    meta_channels: int
    content_frames: int = 1
    horizon: int = 1
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxhxwxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        """Returns the last ConvLSTM output, unmodified, and the warped frames (B, H, W, N·M·C).

        Args:
            context_BxKxhxwxC: the last K outputs of the ConvLSTM, at the stem's resolution.
            frames_BxTxHxWxC: at least 1 + h + N frames for N content frames; intensities in 0..1.
            masked_frame_BxHxWxC, shown_BxHxW: the masked frame and its mask, or both None.
        """
        last_output = context_BxKxhxwxC[:, -1]
        shown = (masked_frame_BxHxWxC, shown_BxHxW)
        moved = [
            self._warped(back, last_output, frames_BxTxHxWxC, shown)
            for back in range(1, self.content_frames + 1)
        ]
        return last_output, jnp.concatenate(moved, axis=-1)

    @property
    def size_multiple(self) -> int:
        return self.cell

    def warped_channels(self, colours: int) -> int:
        return self.heads * colours * self.content_frames

    def costs(self, size: AttentionSize) -> list[Row]:
        filters = applied = Cost()
        for back in range(1, self.content_frames + 1):
            taps = displacement_count(self._radius(back))
            filters += self._filter_cost(size, taps)
            applied += Cost(0, 2 * taps * self.heads * size.colours * size.images * size.pixels)
        return [
            Row("attention", "correlation: filters", filters),
            Row("attention", "correlation: applied", applied),
        ]

    def _frames_ahead(self, back: int) -> int:
        """How many frames the masked frame lies after the frame that is `back`-th from the end."""
        return self.horizon + back - 1

    def _radius(self, back: int) -> int:
        """Largest displacement of that frame: the speed of ±radius pixels over the horizon, rounded up."""
        return -(-self.radius * self._frames_ahead(back) // self.horizon)

    def _filter_cost(self, size: AttentionSize, taps: int) -> Cost:
        """Cost of the meta-network of one content frame, and of its β weights."""
        kinds = 3 if size.masked_frame else 2  # kinds of displacement cost
        windows = [len(self.windows)] * kinds
        meta = meta_network_cost(size, self.cell, windows, self.heads, self.meta_channels, taps)
        return meta + Cost(kinds * self.heads, 0)

    def _warped(self, back, last_output, frames_BxTxHxWxC, shown):
        """The `back`-th frame from the end, warped to the expected masked frame, (B, H, W, M·C)."""
        radius, prefix = self._radius(back), "" if back == 1 else f"back_{back}_"
        costs = jax.lax.stop_gradient(self._costs(back, frames_BxTxHxWxC, *shown))
        kinds = [jnp.stack(windows, axis=3) for windows in costs]
        relative = [jnp.exp(-kind / (kind.min(-1, keepdims=True) + 1e-2)) for kind in kinds]
        logits = filter_logits(last_output, relative, self.heads, self.meta_channels, self.dtype, prefix)
        shape = (len(costs), self.heads)
        betas = self.param(f"{prefix}log_beta", self._initial_log_beta, shape)
        for windows, log_beta_M in zip(costs, betas):
            of_head = jnp.stack([windows[head % len(windows)] for head in range(self.heads)], axis=3)
            logits = logits - jnp.exp(log_beta_M)[:, None] * of_head
        filters_BxhxwxMxD = jax.nn.softmax(logits)
        content = channels_first(frames_BxTxHxWxC[:, -back])
        return channels_last(cell_conv(content, filters_BxhxwxMxD, radius))

    def _costs(self, back, frames, masked_frame, shown):
        """For each kind of cost, its sums over each window, lists of (B, h, w, taps)."""
        frame = lambda number: channels_first(frames[:, -number])
        everywhere = jnp.ones((len(frames), *frames.shape[2:4]))
        pairs = [(frame(n), frame(n + self._frames_ahead(back)), everywhere) for n in (1, 2)]
        if masked_frame is not None:
            pairs.append((channels_first(masked_frame), frame(back), shown.astype(jnp.float32)))
        costs = [displacement_costs(*pair, self._radius(back), self.cell) for pair in pairs]
        return [[window_sums(cost, window) for window in self.windows] for cost in costs]

    def _initial_log_beta(self, key, shape):
        del key
        betas = [_BETA.get(window, (0.06, 3.0)) for window in self.windows]
        of_head = jnp.array([betas[head % len(betas)] for head in range(self.heads)])
        motion, shown = jnp.log(of_head).T
        return jnp.stack([motion, motion, shown])[: shape[0]]


def build(fields, horizon: int, dtype) -> CorrelationAttention:
    """Builds the attention from the section model.attention of a config."""
    return CorrelationAttention(
        fields.heads,
        tuple(fields.windows),
        fields.radius,
        fields.cell,
        fields.meta_channels,
        fields.content_frames,
        horizon,
        dtype,
    )
