"""The 3×3 convolution as a Flax module."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vpn_anomaly.ops.conv import conv3x3


class Conv3x3(nn.Module):
    """A 3×3 convolution with optional bias that preserves the resolution, (..., H, W, features)."""

    features: int
    dilation: int = 1
    use_bias: bool = True
    dtype: jnp.dtype = jnp.float32
    kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, x_BxHxWxC: jax.Array) -> jax.Array:
        *batch, height, width, channels = x_BxHxWxC.shape
        kernel = self.param("kernel", self.kernel_init, (3, 3, channels, self.features))
        x = x_BxHxWxC.astype(self.dtype).reshape(-1, height, width, channels)
        z = conv3x3(x, kernel.astype(self.dtype), self.dilation)
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros, (self.features,))
            z = z + bias.astype(self.dtype)
        return z.reshape(*batch, height, width, self.features)
