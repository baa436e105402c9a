"""Layers of the PyTorch models of the benchmarks, from the package's parameters; images are (B, C, H, W)."""

import numpy as np
import torch
import torch.nn.functional as F


def tensors(tree):
    """Arrays as tensors; 3×3 kernels are transposed to (O, I, 3, 3)."""
    if isinstance(tree, dict):
        return {name: tensors(branch) for name, branch in tree.items()}
    tensor = torch.tensor(np.asarray(tree))
    return tensor.permute(3, 2, 0, 1).contiguous() if tensor.ndim == 4 else tensor


def space_to_depth(x, block):
    """Moves the pixels of each block to channels; the position in the block varies slowest."""
    return F.pixel_unshuffle(x, block).unflatten(1, (-1, block**2)).swapaxes(1, 2).flatten(1, 2)


def depth_to_space(x, block):
    """The inverse of `space_to_depth`."""
    return F.pixel_shuffle(x.unflatten(1, (block**2, -1)).swapaxes(1, 2).flatten(1, 2), block)


def conv(x, layer, dilation=1):
    """A 3×3 convolution with bias that keeps the resolution."""
    return F.conv2d(x, layer["kernel"], layer["bias"], padding=dilation, dilation=dilation)


def dense(x_BxCxHxW, layer):
    """The same linear map at every pixel."""
    return F.conv2d(x_BxCxHxW, layer["kernel"].T[:, :, None, None], layer["bias"])


def relu_block(x, block, dilation):
    """Two convolutions, each after a ReLU, plus the input."""
    return x + conv(F.relu(conv(F.relu(x), block["conv_1"], dilation)), block["conv_2"], dilation)
