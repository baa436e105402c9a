"""The training step of table.py's model in PyTorch, written as one would there: a reference of the benchmarks.

It takes the parameters of the package's model and computes the same loss, but shares no code with it. Images have
their channels last in memory, frames are moved by views, the optimizer is the fused one. It supports only what
table.py uses: pre-activation blocks, correlation attention over one frame, the masked frame, loss pixels.
"""

import contextlib

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


class TorchTraining:
    """Training steps on one batch.

    Args:
        config: of the model and its training.
        params: the package's parameters as a tree of arrays.
        batch: `clip`, uint8 (B, T, H, W, C), and `shift`, of every frame's lattice, (B, T, 2).
        device: cpu or cuda; there matrix products may use TF32, as XLA's do.
        compiled: whether the loss and its gradient are compiled by torch.compile, else in eager mode.
    """

    def __init__(self, config, params, batch, device: str = "cpu", compiled: bool = False):
        torch.set_float32_matmul_precision("high")
        self.model, self.train, self.data = config.model, config.train, config.data
        placed = lambda x: _channels_last(x.to(device)).requires_grad_()
        self.params = _map(placed, tensors(params))
        self.clip_BxTxCxHxW = torch.tensor(np.asarray(batch["clip"])).to(device).permute(0, 1, 4, 2, 3)
        shift_BxGx2 = torch.tensor(np.asarray(batch["shift"]))[:, list(self.train.targets)]
        self.shown_NxHxW = self._shown(shift_BxGx2.reshape(-1, 2)).to(device)
        low = torch.bfloat16 if self.model.dtype == "bfloat16" else None
        self._precision = torch.autocast(device, low) if low else contextlib.nullcontext()
        self._leaves = list(_leaves(self.params))
        self._optimizer = torch.optim.AdamW(
            self._leaves, self.train.learning_rate, weight_decay=self.train.weight_decay, fused=True
        )
        self._loss = torch.compile(self.loss, dynamic=False) if compiled else self.loss

    def step(self) -> dict[str, float]:
        """Updates the parameters; returns `loss`, nats, and `gradient_norm`."""
        return self.step_at(self._drawn())

    def step_at(self, pixel_NxP) -> dict[str, float]:
        """`step` with the loss at these pixels of every target frame."""
        self._optimizer.zero_grad()
        with self._precision:
            loss = self._loss(pixel_NxP)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._leaves, self.train.clip_norm)
        self._optimizer.step()
        return {"loss": loss.item(), "gradient_norm": norm.item()}

    def loss(self, pixel_NxP):
        """Mean surprise of the hidden pixels among those drawn, nats."""
        targets, pixels = list(self.train.targets), self.data.height * self.data.width
        frames_BxTxCxHxW = self.clip_BxTxCxHxW / 255
        outputs = self._memory(frames_BxTxCxHxW[:, : max(targets)])
        before = lambda count: _merged(frames_BxTxCxHxW[:, [target - count for target in targets]])
        # Not by an index into all outputs: compiled by PyTorch 2.13, the step with that ended in corrupted memory.
        last_output = _merged(torch.stack([outputs[target - 1] for target in targets], 1))
        features = self._inpaint(_channels_last(last_output), [before(n) for n in range(4)])
        flat_NxPxD = features.permute(0, 2, 3, 1).flatten(1, 2)
        drawn_NxPxD = flat_NxPxD.gather(1, pixel_NxP[..., None].expand(-1, -1, flat_NxPxD.shape[2]))
        values_NxPxC = _merged(self.clip_BxTxCxHxW[:, targets]).flatten(2).swapaxes(1, 2)
        value_NxPxC = values_NxPxC.gather(1, pixel_NxP[..., None].expand(-1, -1, self.data.channels))
        colours = self.params["output_bias"]
        kernel_DxCV = self.params["output_kernel"].flatten(1)
        logits = torch.addmm(colours.flatten(), drawn_NxPxD.flatten(0, 1), kernel_DxCV)
        surprise = F.cross_entropy(
            logits.reshape(-1, 256).float(), value_NxPxC.flatten().long(), reduction="none"
        )
        hidden_NxHW = ~self.shown_NxHxW.flatten(1)
        weight_NxP = hidden_NxHW.gather(1, pixel_NxP) / hidden_NxHW.sum(1, keepdim=True)
        surprise_NxP = surprise.reshape(value_NxPxC.shape).mean(-1)
        return (surprise_NxP * weight_NxP).sum(1).mean() * pixels / pixel_NxP.shape[1]

    def _drawn(self):
        """One random pixel of each of as many equal runs of pixels as the loss has, of every target frame."""
        count, device = self.train.loss_pixels, self.shown_NxHxW.device
        run = self.data.height * self.data.width // count
        shape = (len(self.shown_NxHxW), count)
        return torch.randint(run, shape, device=device) + run * torch.arange(count, device=device)

    def _shown(self, shift_Nx2):
        rows, columns = self.data.lattice
        down = (torch.arange(self.data.height) - shift_Nx2[:, :1]) % rows == 0
        right = (torch.arange(self.data.width) - shift_Nx2[:, 1:]) % columns == 0
        return down[:, :, None] & right[:, None]

    def _memory(self, frames_BxTxCxHxW):
        """The ConvLSTM's output after each frame, (B, L, h, w) each."""
        encoder, lstm = self.params["encoder"], self.params["conv_lstm"]
        batch = len(frames_BxTxCxHxW)
        x = _channels_last(space_to_depth(_merged(frames_BxTxCxHxW.transpose(0, 1)), self.model.stem))
        x = conv(x, encoder["stem"])
        for number, dilation in enumerate(self.model.encoder.dilations):
            x = relu_block(x, encoder[f"block_{number}"], dilation)
        outputs, c, h = [], 0.0, None
        for gates in conv(x, lstm["input"]).split(batch):
            z = gates if h is None else gates + F.conv2d(h, lstm["state_kernel"], padding=1)
            i, g, f, o = z.chunk(4, 1)
            c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return outputs

    def _inpaint(self, last_output, frames):
        """Input of the output layer, (N, D, H, W); frames: the target, then the last ones, latest first."""
        target, last = frames[0], frames[1]
        mask = self.shown_NxHxW[:, None].to(target.dtype)
        masked = target * mask
        pairs = [(last, frames[2], None), (frames[2], frames[3], None), (masked, last, mask)]
        with torch.no_grad():
            kinds = [self._costs(*pair) for pair in pairs]
        moved = self._moved(last, self._filters(last_output, kinds))
        pixels = _channels_last(torch.cat([last, moved, masked, mask], 1))
        head, stem = self.params["head"], self.model.stem
        x = conv(torch.cat([last_output, space_to_depth(pixels, stem)], 1), head["join"])
        for number in range(self.model.head.blocks):
            x = relu_block(x, head[f"block_{number}"], 1)
        x = depth_to_space(dense(F.relu(x), head["to_pixels"]), stem)
        return F.relu(conv(torch.cat([x, pixels], 1), head["pixels"]))

    def _costs(self, target, source, weight):
        """Squared differences summed over cells and windows: (N, windows, (2R+1)², h, w)."""
        cell = self.model.attention.cell
        error = ((target[:, :, None, None] - self._shifts(source)) ** 2).sum(1)
        error = error if weight is None else error * weight[:, :, None]
        cells = F.avg_pool2d(error.flatten(1, 2), cell).flip(1) * cell**2
        windows = self.model.attention.windows
        return torch.stack([F.avg_pool2d(cells, w, 1, w // 2) * w**2 for w in windows], 1)

    def _shifts(self, frame):
        """A view of the frame moved by every displacement, the last one first, (N, C, 2R+1, 2R+1, H, W)."""
        height, width = frame.shape[2:]
        padded = F.pad(frame, (self.model.attention.radius,) * 4)
        return padded.unfold(2, height, 1).unfold(3, width, 1)

    def _filters(self, last_output, kinds):
        """Softmax over displacements for every head and cell, (N, heads, (2R+1)², h, w)."""
        params, heads = self.params["attention"], self.model.attention.heads
        inputs = [F.avg_pool2d(last_output, last_output.shape[2] // kinds[0].shape[3])]
        for number, kind in enumerate(kinds):
            relative = torch.exp(-kind / (kind.amin(2, keepdim=True) + 1e-2))
            inputs.append(dense(relative.flatten(1, 2), params[f"costs_{number}"]))
        x = _channels_last(torch.cat(inputs, 1))
        for layer in ("meta_1", "meta_2"):
            x = F.relu(conv(x, params[layer]))
        logits = dense(x, params["logits"]).unflatten(1, (heads, -1)).float()
        of_head = [head % len(self.model.attention.windows) for head in range(heads)]
        for kind, beta_M in zip(kinds, params["log_beta"].exp()):
            logits = logits - beta_M[:, None, None, None] * kind[:, of_head]
        return F.softmax(logits, 2)

    def _moved(self, frame, filters_NxMxDxhxw):
        """The frame moved by each cell's filters, (N, heads·C, H, W)."""
        shifts_NxCxDxHxW, cell = self._shifts(frame).flatten(2, 3), self.model.attention.cell
        shifts = shifts_NxCxDxHxW.unflatten(4, (-1, cell)).unflatten(3, (-1, cell))
        moved = torch.einsum("nmdhw,ncdhiwj->nmchiwj", filters_NxMxDxhxw.flip(2), shifts)
        return moved.flatten(5, 6).flatten(3, 4).flatten(1, 2)


def _merged(x_BxGxxx):
    return x_BxGxxx.flatten(0, 1)


def _channels_last(x):
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def _map(function, tree):
    if isinstance(tree, dict):
        return {name: _map(function, branch) for name, branch in tree.items()}
    return function(tree)


def _leaves(tree):
    for branch in tree.values() if isinstance(tree, dict) else ():
        yield from _leaves(branch) if isinstance(branch, dict) else (branch,)
