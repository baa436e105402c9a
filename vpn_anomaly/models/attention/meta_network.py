"""The meta-network of the kinds of attention that make filters for every cell from displacement costs."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.attention.attention import AttentionSize
from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import Cost, convolution, dense
from vpn_anomaly.ops.precision import EXACT

COST_FEATURES = 24  # features per kind of displacement cost


def filter_logits(
    last_output_BxHxWxC, relative_costs, heads: int, channels: int, dtype, prefix: str = ""
) -> jax.Array:
    """Logits over the taps of every head and cell, float32 (B, h, w, M, taps); initially near zero.

    To be called from a compact method: its layers belong to the calling module.

    Args:
        last_output_BxHxWxC: the last output of the ConvLSTM, at the stem's resolution.
        relative_costs: for each kind of cost, what each displacement is worth beside the best, 0 to 1, of all windows
            or layers, (B, h, w, windows, taps).
        channels: of its two layers.
        prefix: of the names of its parameters.
    """
    layer = lambda features, name, **more: nn.Dense(
        features, dtype=dtype, precision=EXACT, name=prefix + name, **more
    )
    inputs = [_at_cells(last_output_BxHxWxC, relative_costs[0]).astype(dtype)]
    for number, kind in enumerate(relative_costs):
        flat = kind.reshape(*kind.shape[:3], -1).astype(dtype)
        inputs.append(layer(COST_FEATURES, f"costs_{number}")(flat))
    x = jnp.concatenate(inputs, axis=-1)
    for name in ("meta_1", "meta_2"):
        x = nn.relu(Conv3x3(channels, dtype=dtype, name=prefix + name)(x))
    taps = relative_costs[0].shape[-1]
    small = nn.initializers.variance_scaling(0.01, "fan_in", "normal")
    logits = layer(heads * taps, "logits", kernel_init=small)(x)
    return logits.reshape(*logits.shape[:3], heads, taps).astype(jnp.float32)


def meta_network_cost(
    size: AttentionSize, cell: int, costs: list[int], heads: int, channels: int, taps: int
) -> Cost:
    """The cost of `filter_logits` with so many windows or layers of each kind of cost."""
    positions = size.images * size.pixels // cell**2
    features = sum((dense(windows * taps, COST_FEATURES, positions) for windows in costs), Cost())
    return (
        features
        + convolution(size.channels + len(costs) * COST_FEATURES, channels, positions)
        + convolution(channels, channels, positions)
        + dense(channels, heads * taps, positions)
    )


def channels_first(frame_BxHxWxC: jax.Array) -> jax.Array:
    """The frame as the operations on displacements take it, float32 (B, C, H, W)."""
    return jnp.moveaxis(frame_BxHxWxC.astype(jnp.float32), -1, 1)


def channels_last(frames_BxMxCxHxW: jax.Array) -> jax.Array:
    """M frames with channels first as one with M·C channels, (B, H, W, M·C)."""
    return jnp.moveaxis(
        frames_BxMxCxHxW.reshape(len(frames_BxMxCxHxW), -1, *frames_BxMxCxHxW.shape[3:]), 1, -1
    )


def _at_cells(features_BxHxWxC, costs_BxhxwxWxD):
    """The features, average-pooled or repeated to the grid of cells."""
    rows, cells = features_BxHxWxC.shape[1], costs_BxhxwxWxD.shape[1]
    if rows < cells:
        repeat = cells // rows
        return features_BxHxWxC.repeat(repeat, axis=1).repeat(repeat, axis=2)
    pool = (rows // cells, rows // cells)
    return nn.avg_pool(features_BxHxWxC, pool, pool)
