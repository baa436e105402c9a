"""Residual blocks that preserve the resolution: multiplicative (Video Pixel Network) and plain ReLU."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.models.conv import Conv3x3
from vpn_anomaly.models.costs import FORWARD_AND_BACKWARD, REMATERIALISED, Row, convolution, dense
from vpn_anomaly.ops.precision import EXACT


def multiply(h_xC: jax.Array, z_x4C: jax.Array) -> jax.Array:
    """g1 · tanh(g2 · h + g3 · tanh(u)), where z holds the logits of g1, g2, g3, then u (VPN, section 4.1)."""
    g1, g2, g3, update = jnp.split(z_x4C, 4, axis=-1)
    g1, g2, g3 = nn.sigmoid(g1), nn.sigmoid(g2), nn.sigmoid(g3)
    return g1 * jnp.tanh(g2 * h_xC + g3 * jnp.tanh(update))


class MultiplicativeUnit(nn.Module):
    """`multiply`, with gates and update computed by one 3×3 convolution of h."""

    dilation: int = 1
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, h_BxHxWxC: jax.Array) -> jax.Array:
        channels = h_BxHxWxC.shape[-1]
        z = Conv3x3(4 * channels, self.dilation, dtype=self.dtype, name="gates_and_update")(h_BxHxWxC)
        return multiply(h_BxHxWxC, z)


class ResidualMultiplicativeBlock(nn.Module):
    """1×1 down to half the channels, two multiplicative units, 1×1 up, plus the input (VPN)."""

    dilation: int = 1
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x_BxHxWxC: jax.Array) -> jax.Array:
        channels = x_BxHxWxC.shape[-1]
        h = nn.Dense(channels // 2, dtype=self.dtype, precision=EXACT, name="down")(x_BxHxWxC)
        h = MultiplicativeUnit(self.dilation, self.dtype, name="unit_1")(h)
        h = MultiplicativeUnit(self.dilation, self.dtype, name="unit_2")(h)
        return x_BxHxWxC + nn.Dense(channels, dtype=self.dtype, precision=EXACT, name="up")(h)


class ReluBlock(nn.Module):
    """A pre-activation residual block: two 3×3 convolutions, each preceded by a ReLU, plus the input."""

    dilation: int = 1
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x_BxHxWxC: jax.Array) -> jax.Array:
        channels = x_BxHxWxC.shape[-1]
        h = Conv3x3(channels, self.dilation, dtype=self.dtype, name="conv_1")(nn.relu(x_BxHxWxC))
        h = Conv3x3(channels, self.dilation, dtype=self.dtype, name="conv_2")(nn.relu(h))
        return x_BxHxWxC + h


BLOCKS = {"rmb": ResidualMultiplicativeBlock, "relu": ReluBlock}


def block_width(kind: str, channels: int) -> int:
    """Channels between blocks: 2c for `rmb`, whose units have c channels, and c for `relu`."""
    return 2 * channels if kind == "rmb" else channels


def residual_blocks(kind: str, dilations, dtype, rematerialise: bool = False) -> list[nn.Module]:
    """One block per dilation: block_0, block_1, …; `rematerialise` recomputes them in the backward pass."""
    block = nn.remat(BLOCKS[kind]) if rematerialise else BLOCKS[kind]
    return [block(d, dtype, name=f"block_{number}") for number, d in enumerate(dilations)]


def residual_block_costs(
    module: str, kind: str, channels: int, count: int, positions: int, rematerialise: bool
) -> Row:
    """Cost of `count` blocks of `residual_blocks`, at the given number of positions."""
    if kind == "rmb":
        wide, unit = block_width(kind, channels), convolution(channels, 4 * channels, positions)
        block = dense(wide, channels, positions) + unit + unit + dense(channels, wide, positions)
    else:
        block = convolution(channels, channels, positions) * 2
    passes = REMATERIALISED if rematerialise else FORWARD_AND_BACKWARD
    name = f"{count} {kind} block" + ("" if count == 1 else "s")
    return Row(module, name + (", remat" if rematerialise else ""), block * count, passes)
