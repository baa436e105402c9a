"""3×3 convolution and its gradients, each in the form that is fastest on its platform.

XLA's CPU backend computes the weight gradient of a convolution several times slower than the
forward pass. There it is a matrix product for each row of the kernel over small groups of images,
whose shifted copies (im2col) stay in the cache. Everything else, and everything on GPU and TPU, is
XLA's convolution.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from vpn_anomaly.ops.platform import ByPlatform, call_lowered
from vpn_anomaly.ops.precision import EXACT

# Bytes of the nine shifted copies of one group of images, tuned: about the size of a core's L2 cache.
_PATCH_BYTES = 2_500_000


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv3x3(x_NxHxWxC: jax.Array, kernel_3x3xCxO: jax.Array, dilation: int = 1) -> jax.Array:
    """A 3×3 convolution with zero padding that keeps the resolution, (N, H, W, O).

    Reverse-mode differentiable only (a `custom_vjp`).
    """
    return _forward(x_NxHxWxC, kernel_3x3xCxO, dilation)


def input_gradient(dz_NxHxWxO: jax.Array, kernel_3x3xCxO: jax.Array, dilation: int = 1):
    """The gradient of `conv3x3` with respect to its input: a convolution with the rotated kernel."""
    turned_3x3xOxC = kernel_3x3xCxO[::-1, ::-1].swapaxes(2, 3)
    return _forward(dz_NxHxWxO, turned_3x3xOxC, dilation)


def weight_gradient(x_NxHxWxC: jax.Array, dz_NxHxWxO: jax.Array, dilation: int = 1):
    """The gradient of `conv3x3` with respect to its kernel, (3, 3, C, O), accumulated in float32."""
    forms = ByPlatform(
        cpu=functools.partial(_chunked_weight_gradient, dilation=dilation),
        accelerator=functools.partial(_xla_weight_gradient, dilation=dilation),
    )
    return call_lowered(forms, x_NxHxWxC, dz_NxHxWxO)


def _conv3x3_fwd(x, kernel, dilation):
    return _forward(x, kernel, dilation), (x, kernel)


def _conv3x3_bwd(dilation, saved, dz):
    x, kernel = saved
    dx = input_gradient(dz, kernel, dilation).astype(x.dtype)
    return dx, weight_gradient(x, dz, dilation).astype(kernel.dtype)


conv3x3.defvjp(_conv3x3_fwd, _conv3x3_bwd)


def _forward(x, kernel, dilation):
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=(1, 1),
        padding="SAME",
        rhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=EXACT,
    )


def _xla_weight_gradient(x, dz, *, dilation):
    kernel = jax.ShapeDtypeStruct((3, 3, x.shape[-1], dz.shape[-1]), x.dtype)
    transpose = jax.linear_transpose(lambda k: _forward(x, k, dilation), kernel)
    return transpose(dz)[0].astype(jnp.float32)


def _chunked_weight_gradient(x, dz, *, dilation):
    channels, outputs, height, d = x.shape[-1], dz.shape[-1], x.shape[1], dilation

    def accumulate(total_3xOx3C, group):
        x_group, dz_group = (part.astype(jnp.float32) for part in group)
        beside = _beside(x_group, dilation)
        dz_OxP = dz_group.reshape(-1, outputs).T  # the product with the transpose of the patches takes longer
        rows = [beside[:, row * d : row * d + height].reshape(-1, 3 * channels) for row in range(3)]
        products = [jnp.matmul(dz_OxP, row_Px3C, precision=EXACT) for row_Px3C in rows]
        return total_3xOx3C + jnp.stack(products), None

    groups = (_groups(x, x), _groups(dz, x))
    total_3xOx3C, _ = lax.scan(accumulate, jnp.zeros((3, outputs, 3 * channels), jnp.float32), groups)
    return total_3xOx3C.swapaxes(1, 2).reshape(3, 3, channels, outputs)


def _beside(x_NxHxWxC, dilation):
    """The channels of every pixel and its neighbours left and right, with rows of zeros, (N, H + 2d, W, 3·C)."""
    width, d = x_NxHxWxC.shape[2], dilation
    padded = jnp.pad(x_NxHxWxC, ((0, 0), (d, d), (d, d), (0, 0)))
    return jnp.concatenate([padded[:, :, column * d : column * d + width] for column in range(3)], axis=-1)


def _groups(array, x):
    """Splits the images into the largest equal groups whose shifted copies take at most _PATCH_BYTES."""
    images, height, width, channels = x.shape
    limit = max(1, _PATCH_BYTES // (height * width * 9 * channels * x.dtype.itemsize))
    size = max(size for size in range(1, min(limit, images) + 1) if images % size == 0)
    return array.reshape(images // size, size, *array.shape[1:])
