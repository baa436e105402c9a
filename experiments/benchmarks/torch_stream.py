"""A straightforward PyTorch implementation of the streaming step: the reference of a benchmark.

It takes the parameters of the package's model and computes the same maps, but shares no code with it. It
supports only what configs/video.py and table.py use: pre-activation blocks, correlation attention over
one frame, and the masked frame.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from experiments.benchmarks.torch_layers import (
    conv,
    dense,
    depth_to_space,
    relu_block,
    space_to_depth,
    tensors,
)


class State(NamedTuple):
    """What is remembered of a stream.

    Attributes:
        c: cell state of the ConvLSTM.
        outputs: its last outputs, as many as the horizon.
        frames: the last frames, intensities in 0..1.
    """

    c: torch.Tensor
    outputs: tuple[torch.Tensor, ...]
    frames: tuple[torch.Tensor, ...]


class TorchStream:
    """Maps of one stream frame by frame, on the CPU.

    Args:
        config: config of the model; `params`: the package's parameters as a tree of arrays.
        shift_Mx2: lattice shifts of the M masks of every frame.
        height, width: multiples of the stem and of the attention's cell size.
        compiled: whether by torch.compile, else in eager mode.
    """

    @torch.inference_mode()  # as what is pushed into the state: another kind of tensor would be compiled again
    def __init__(self, config, params, shift_Mx2, height: int, width: int, compiled: bool = False):
        self.model, self.params = config.model, tensors(params)
        self.channels, self.size = config.data.channels, (height, width)
        rows, columns = config.data.lattice
        shown = [
            (np.arange(height)[:, None] - down) % rows + (np.arange(width) - right) % columns == 0
            for down, right in np.asarray(shift_Mx2)
        ]
        self.shown_Mx1xHxW = torch.tensor(np.stack(shown)[:, None], dtype=torch.float32)
        cells = (1, config.model.lstm.channels, height // self.model.stem, width // self.model.stem)
        horizon = self.model.horizon
        frames = tuple(torch.zeros(1, self.channels, height, width) for _ in range(2 * horizon + 1))
        self.state = State(torch.zeros(cells), tuple(torch.zeros(cells) for _ in range(horizon)), frames)
        self._step = torch.compile(self._next, dynamic=False) if compiled else self._next

    @torch.inference_mode()
    def __call__(self, frame_HxWxC: np.ndarray, tail: bool) -> dict[str, np.ndarray]:
        """The maps `nll`, `missing` and `variance` of the next frame, (H, W); plus `tail` and `entropy` if
        `tail`."""
        value_HxWxC = torch.tensor(frame_HxWxC, dtype=torch.long)
        value_CxHxW = value_HxWxC.permute(2, 0, 1).clone(memory_format=torch.contiguous_format)
        self.state, maps = self._step(self.state, value_CxHxW, tail)
        return {name: map_HxW.numpy() for name, map_HxW in maps.items()}

    def _next(self, state: State, value_CxHxW, tail: bool):
        """The state after the next frame, and its maps."""
        frame_1xCxHxW = value_CxHxW[None] / 255
        hidden = 1 - self.shown_Mx1xHxW[:, 0]
        statistics = self._statistics(self._inpaint(state, frame_1xCxHxW), value_CxHxW, tail)
        times_HxW = hidden.sum(0)
        maps = {
            name: (map_MxHxW * hidden).sum(0) / times_HxW.clamp(min=1)
            for name, map_MxHxW in statistics.items()
        }
        return self._remembered(state, frame_1xCxHxW), maps

    def _remembered(self, state: State, frame) -> State:
        encoder, lstm = self.params["encoder"], self.params["conv_lstm"]
        x = conv(space_to_depth(frame, self.model.stem), encoder["stem"])
        for number, dilation in enumerate(self.model.encoder.dilations):
            x = relu_block(x, encoder[f"block_{number}"], dilation)
        z = conv(x, lstm["input"]) + F.conv2d(state.outputs[-1], lstm["state_kernel"], padding=1)
        i, g, f, o = z.chunk(4, 1)
        c = torch.sigmoid(f + 1) * state.c + torch.sigmoid(i) * torch.tanh(g)
        output = torch.sigmoid(o) * torch.tanh(c)
        return State(c, (*state.outputs[1:], output), (*state.frames[1:], frame))

    def _inpaint(self, state: State, frame_1xCxHxW):
        """Input of the output layer for every mask, (M, D, H, W)."""
        mask = self.shown_Mx1xHxW
        masks = len(mask)
        masked = frame_1xCxHxW * mask
        last_output = state.outputs[0].expand(masks, -1, -1, -1)
        moved = self._attention(state, last_output, masked, mask)
        last = state.frames[-self.model.horizon].expand(masks, -1, -1, -1)
        shown = [masked, mask] if self.model.use_masked_frame else []
        pixels = torch.cat([last, moved, *shown], 1)
        head, stem = self.params["head"], self.model.stem
        x = conv(torch.cat([last_output, space_to_depth(pixels, stem)], 1), head["join"])
        for number in range(self.model.head.blocks):
            x = relu_block(x, head[f"block_{number}"], 1)
        x = depth_to_space(dense(F.relu(x), head["to_pixels"]), stem)
        x = F.relu(conv(torch.cat([x, pixels], 1), head["pixels"]))
        for number in range(1, self.model.head.pixel_layers):
            x = x + F.relu(conv(x, head[f"pixels_{number}"]))
        return x

    def _attention(self, state: State, last_output, masked, mask):
        """The last frame moved by each cell's filters, (M, heads·C, H, W)."""
        fields, params = self.model.attention, self.params["attention"]
        ago, horizon = state.frames[::-1], self.model.horizon
        last, everywhere = ago[horizon - 1], torch.ones_like(mask[:1])
        starts = (horizon - 1, horizon)
        of_motion = [self._costs(ago[start], ago[start + horizon], everywhere) for start in starts]
        kinds = [[cost.expand(len(mask), -1, -1, -1) for cost in kind] for kind in of_motion]
        if self.model.use_masked_frame:
            kinds.append(self._costs(masked, last, mask))
        logits = self._meta_network(params, last_output, kinds)
        betas = params["log_beta"].exp()
        for kind, beta_M in zip(kinds, betas):
            of_head = [kind[head % len(kind)] for head in range(fields.heads)]
            logits = logits - beta_M[:, None, None, None] * torch.stack(of_head, 1)
        filters = F.softmax(logits, 2).repeat_interleave(fields.cell, 3).repeat_interleave(fields.cell, 4)
        moved_DxCxHxW = self._moved_frames(last)[:, 0]
        moved = torch.einsum("mnkhw,kchw->mnchw", filters, moved_DxCxHxW)
        return moved.flatten(1, 2)

    def _costs(self, target, source, weight):
        """Squared differences summed over cells and windows: (M, (2R+1)², h, w) per window."""
        cell = self.model.attention.cell
        error = ((target - self._moved_frames(source)) ** 2).sum(2) * weight[:, 0]
        cells = F.avg_pool2d(error, cell).swapaxes(0, 1) * cell**2
        return [
            F.avg_pool2d(cells, window, 1, window // 2) * window**2 for window in self.model.attention.windows
        ]

    def _meta_network(self, params, last_output, kinds):
        """Logits over displacements for every head and cell, (M, heads, (2R+1)², h, w)."""
        pool = last_output.shape[2] // kinds[0][0].shape[2]
        inputs = [F.avg_pool2d(last_output, pool)]
        for number, kind in enumerate(kinds):
            relative = [torch.exp(-cost / (cost.amin(1, keepdim=True) + 1e-2)) for cost in kind]
            inputs.append(dense(torch.cat(relative, 1), params[f"costs_{number}"]))
        x = torch.cat(inputs, 1)
        for layer in ("meta_1", "meta_2"):
            x = F.relu(conv(x, params[layer]))
        return dense(x, params["logits"]).unflatten(1, (self.model.attention.heads, -1))

    def _moved_frames(self, frame):
        """The frame shifted by every displacement, ((2R+1)², M, C, H, W)."""
        radius, (height, width) = self.model.attention.radius, self.size
        padded, starts = F.pad(frame, (radius,) * 4), range(2 * radius, -1, -1)
        return torch.stack([padded[..., y : y + height, x : x + width] for y in starts for x in starts])

    def _statistics(self, features_MxDxHxW, value_CxHxW, tail):
        """Statistics of the predicted distributions, averaged over channels, (M, H, W) each."""
        kernel, bias = self.params["output_kernel"], self.params["output_bias"]
        z = torch.einsum("mdhw,dcv->mchwv", features_MxDxHxW, kernel) + bias[:, None, None]
        log_q = F.log_softmax(z, -1)
        q, values = log_q.exp(), torch.arange(256) / 255
        value = value_CxHxW[None, ..., None].expand(*z.shape[:-1], 1)
        mean, square = q @ values, q @ values**2
        statistics = {
            "nll": -log_q.gather(-1, value)[..., 0],
            "missing": mean - value[..., 0] / 255,
            "variance": (square - mean**2).clamp(min=0),
        }
        if tail:
            intensities = torch.arange(256)
            at_most = (q * (intensities <= value)).sum(-1)
            at_least = (q * (intensities >= value)).sum(-1)
            smaller = torch.minimum(at_most, at_least)
            statistics["tail"] = -(2 * smaller).clamp(torch.finfo(z.dtype).tiny, 1).log()
            statistics["entropy"] = -(q * log_q).sum(-1)
        return {name: x.mean(1) for name, x in statistics.items()}
