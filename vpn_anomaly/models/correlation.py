"""Correlation attention: filters for every cell, made from the costs of displacements.

The reading of the paper's convolution attention that makes the detector sharp: where the digits
go next is known to a pixel only from how they moved, and the 5% of shown pixels tell which pixel.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.ops.displacement import displacement_costs, displacement_count, window_sums
from vpn_anomaly.ops.dynamic_conv import cell_conv

# Where β, the weight of the costs in the logits, starts for windows of a number of cells (measured
# on validation sequences): first for the costs of motion, then for those of the shown pixels.
_BETA = {3: (0.2, 5.0), 5: (0.06, 3.0), 9: (0.02, 1.5)}
COST_FEATURES = 24  # of each kind of displacement cost


class CorrelationAttention(nn.Module):
    """M filters of (2R+1)² taps a cell, softmax over the taps, applied to the last frame.

    Costs of each displacement d within ±R pixels: the squared difference of the last frame and the
    one before moved by d, likewise of the two before, and of the shown pixels of the masked frame
    and the last frame moved by d, summed over windows of several sizes. A small meta-network reads
    them beside the last ConvLSTM output and gives logits, added to −β·cost. The costs carry no
    gradient. Head m uses window m (in turn when there are more heads).
    """

    heads: int
    windows: tuple[int, ...]
    radius: int
    cell: int
    meta_channels: int
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, context_BxKxHxWxC, frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW):
        """Returns the last ConvLSTM output, untouched, and the moved frames (B, H, W, M·C).

        Args:
            context_BxKxHxWxC: the last K outputs of the ConvLSTM, at the stem's resolution.
            frames_BxTxHxWxC: at least the last three frames, intensities in 0..1.
            masked_frame_BxHxWxC, shown_BxHxW: the masked frame and its mask, or None both.
        """
        last_output, last_frame = context_BxKxHxWxC[:, -1], frames_BxTxHxWxC[:, -1]
        costs = self._costs(frames_BxTxHxWxC, masked_frame_BxHxWxC, shown_BxHxW)
        costs = jax.lax.stop_gradient(costs)
        kinds = [jnp.stack(windows, axis=3) for windows in costs]
        logits = self._meta_network(_at_cells(last_output, kinds[0]), kinds)
        betas = self.param("log_beta", self._initial_log_beta, (len(kinds), self.heads))
        window_of_head = jnp.arange(self.heads) % len(self.windows)
        for kind, log_beta_M in zip(kinds, betas):
            logits = logits - jnp.exp(log_beta_M)[:, None] * kind[..., window_of_head, :]
        filters_BxhxwxMxD = jax.nn.softmax(logits)
        moved_BxMxCxHxW = cell_conv(_channels_first(last_frame), filters_BxhxwxMxD, self.radius)
        batch, heads, colours, height, width = moved_BxMxCxHxW.shape
        moved = moved_BxMxCxHxW.reshape(batch, heads * colours, height, width)
        return last_output, jnp.moveaxis(moved, 1, -1).astype(self.dtype)

    def _costs(self, frames, masked_frame, shown):
        """For each kind of cost its sums over each window, lists of (B, h, w, (2R+1)²)."""
        last, before, before_that = (_channels_first(frames[:, -n]) for n in (1, 2, 3))
        everywhere = jnp.ones((len(last), *last.shape[2:]))
        pairs = [(last, before, everywhere), (before, before_that, everywhere)]
        if masked_frame is not None:
            pairs.append((_channels_first(masked_frame), last, shown.astype(jnp.float32)))
        costs = [displacement_costs(*pair, self.radius, self.cell) for pair in pairs]
        return [[window_sums(cost, window) for window in self.windows] for cost in costs]

    def _meta_network(self, last_output, kinds):
        """Logits over the taps of every head and cell, (B, h, w, M, (2R+1)²); near zero at first."""
        inputs = [last_output.astype(self.dtype)]
        for number, kind in enumerate(kinds):
            relative = jnp.exp(-kind / (kind.min(-1, keepdims=True) + 1e-2))
            flat = relative.reshape(*kind.shape[:3], -1).astype(self.dtype)
            inputs.append(nn.Dense(COST_FEATURES, dtype=self.dtype, name=f"costs_{number}")(flat))
        x = jnp.concatenate(inputs, axis=-1)
        x = nn.relu(Conv3x3(self.meta_channels, dtype=self.dtype, name="meta_1")(x))
        x = nn.relu(Conv3x3(self.meta_channels, dtype=self.dtype, name="meta_2")(x))
        taps = displacement_count(self.radius)
        small = nn.initializers.variance_scaling(0.01, "fan_in", "normal")
        logits = nn.Dense(self.heads * taps, kernel_init=small, dtype=self.dtype, name="logits")(x)
        return logits.reshape(*logits.shape[:3], self.heads, taps).astype(jnp.float32)

    def _initial_log_beta(self, key, shape):
        del key
        betas = [_BETA.get(window, (0.06, 3.0)) for window in self.windows]
        of_head = jnp.array([betas[head % len(betas)] for head in range(self.heads)])
        motion, shown = jnp.log(of_head).T
        return jnp.stack([motion, motion, shown])[: shape[0]]


def _at_cells(features_BxHxWxC, costs_BxhxwxWxD):
    """The features averaged or repeated to the grid of cells."""
    rows, cells = features_BxHxWxC.shape[1], costs_BxhxwxWxD.shape[1]
    if rows < cells:
        repeat = cells // rows
        return features_BxHxWxC.repeat(repeat, axis=1).repeat(repeat, axis=2)
    pool = (rows // cells, rows // cells)
    return nn.avg_pool(features_BxHxWxC, pool, pool)


def _channels_first(frame_BxHxWxC):
    return jnp.moveaxis(frame_BxHxWxC.astype(jnp.float32), -1, 1)
