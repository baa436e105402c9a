"""A straightforward Flax implementation of table.py's model: the reference of the benchmarks.

It uses XLA's convolutions, `nn.scan(nn.ConvLSTMCell)`, stacks of shifted frames, all logits at once, and
autodiff throughout. It takes the parameters of the package's model (`naive_parameters`), so that both compute
the same numbers, but shares no code with it. It supports only what table.py uses: pre-activation
blocks, correlation attention, and the masked frame.
"""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import ml_collections
import optax


class ReluBlock(nn.Module):
    """Two convolutions, each after a ReLU, plus the input."""

    dilation: int = 1

    @nn.compact
    def __call__(self, x):
        convolve = lambda name: nn.Conv(x.shape[-1], (3, 3), kernel_dilation=self.dilation, name=name)
        return x + convolve("conv_2")(nn.relu(convolve("conv_1")(nn.relu(x))))


class Encoder(nn.Module):
    """Encodes each frame separately: (N, H, W, C) to (N, H/stem, W/stem, channels)."""

    stem: int
    channels: int
    dilations: tuple[int, ...]

    @nn.compact
    def __call__(self, frames):
        x = nn.Conv(self.channels, (3, 3), name="stem")(pixels_to_channels(frames, self.stem))
        for number, dilation in enumerate(self.dilations):
            x = ReluBlock(dilation, name=f"block_{number}")(x)
        return x


class ConvLSTM(nn.Module):
    """Flax's own cell, scanned over time: (B, T, h, w, C) to (B, T, h, w, features)."""

    features: int

    @nn.compact
    def __call__(self, x):
        over_time = nn.scan(
            nn.ConvLSTMCell,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
        )
        zeros = jnp.zeros((x.shape[0], *x.shape[2:4], self.features))
        cell = over_time(self.features, kernel_size=(3, 3), name="cell")
        return cell((zeros, zeros), x)[1]


class CorrelationAttention(nn.Module):
    """Frames moved by a filter per cell, softmax of matching costs over displacements, (B, H, W, M·C)."""

    heads: int
    windows: tuple[int, ...]
    radius: int
    cell: int
    meta_channels: int
    cost_features: int = 24

    @nn.compact
    def __call__(self, last_output, frames, masked, mask):
        last, before, before_that = frames[:, -1], frames[:, -2], frames[:, -3]
        everywhere = jnp.ones_like(mask)
        pairs = [(last, before, everywhere), (before, before_that, everywhere), (masked, last, mask)]
        kinds = [jax.lax.stop_gradient(self.costs(*pair)) for pair in pairs]
        heads = jnp.arange(self.heads)
        log_beta = self.param("log_beta", nn.initializers.zeros, (len(kinds), self.heads))
        logits = self.meta_network(last_output, kinds)
        for kind, log_beta_of_head in zip(kinds, log_beta):
            cost = kind[..., heads % len(self.windows), :]
            logits = logits - jnp.exp(log_beta_of_head)[:, None] * cost
        filters = nn.softmax(logits)
        of_pixel = filters.repeat(self.cell, axis=1).repeat(self.cell, axis=2)
        moved = jnp.einsum("bhwmd,dbhwc->bhwmc", of_pixel, moved_frames(last, self.radius))
        return moved.reshape(*moved.shape[:3], -1)

    def costs(self, target, source, weight):
        """Squared differences summed over cells and windows, (B, h, w, windows, (2R+1)²)."""
        error = jnp.sum((target - moved_frames(source, self.radius)) ** 2, -1) * weight[..., 0]
        error = jnp.moveaxis(error, 0, -1)
        cells = nn.avg_pool(error, (self.cell,) * 2, (self.cell,) * 2) * self.cell**2
        sums = [nn.avg_pool(cells, (w, w), padding="SAME") * w**2 for w in self.windows]
        return jnp.stack(sums, axis=3)

    def meta_network(self, last_output, kinds):
        """Logits over displacements for every cell and head, (B, h, w, M, (2R+1)²)."""
        pool = (last_output.shape[1] // kinds[0].shape[1],) * 2
        inputs = [nn.avg_pool(last_output, pool, pool)]
        for number, kind in enumerate(kinds):
            relative = jnp.exp(-kind / (kind.min(-1, keepdims=True) + 1e-2))
            flat = relative.reshape(*kind.shape[:3], -1)
            inputs.append(nn.Dense(self.cost_features, name=f"costs_{number}")(flat))
        x = jnp.concatenate(inputs, axis=-1)
        x = nn.relu(nn.Conv(self.meta_channels, (3, 3), name="meta_1")(x))
        x = nn.relu(nn.Conv(self.meta_channels, (3, 3), name="meta_2")(x))
        taps = kinds[0].shape[-1]
        logits = nn.Dense(self.heads * taps, name="logits")(x)
        return logits.reshape(*logits.shape[:3], self.heads, taps)


class Head(nn.Module):
    """Features of every pixel from the last ConvLSTM output and the known pixel values."""

    stem: int
    channels: int
    blocks: int
    pixel_channels: int

    @nn.compact
    def __call__(self, last_output, pixels):
        x = jnp.concatenate([last_output, pixels_to_channels(pixels, self.stem)], axis=-1)
        x = nn.Conv(self.channels, (3, 3), name="join")(x)
        for number in range(self.blocks):
            x = ReluBlock(name=f"block_{number}")(x)
        x = nn.Dense(max(self.pixel_channels // 2, 1) * self.stem**2, name="to_pixels")(nn.relu(x))
        x = jnp.concatenate([channels_to_pixels(x, self.stem), pixels], axis=-1)
        return nn.relu(nn.Conv(self.pixel_channels, (3, 3), name="pixels")(x))


class Network(nn.Module):
    """Input of the output layer at every pixel of the target frames, (B·G, H, W, D)."""

    model: ml_collections.FrozenConfigDict

    @nn.compact
    def __call__(self, frames, targets, mask):
        """frames (B, T, H, W, C) in 0..1, indices of the G target frames, mask (B, G, H, W)."""
        model, attention = self.model, self.model.attention
        batch = len(frames)
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        encoder = Encoder(model.stem, model.encoder.channels, model.encoder.dilations, name="encoder")
        x = encoder(merge(frames[:, : max(targets)]))
        memory = ConvLSTM(model.lstm.channels, name="conv_lstm")(x.reshape(batch, -1, *x.shape[1:]))
        target, last = jnp.array(targets), jnp.array(targets) - 1
        three = merge(jnp.stack([frames[:, last - 2], frames[:, last - 1], frames[:, last]], axis=2))
        mask = merge(mask)[..., None].astype(jnp.float32)
        masked = merge(frames[:, target]) * mask
        last_output = merge(memory[:, last])
        moved = CorrelationAttention(
            attention.heads,
            attention.windows,
            attention.radius,
            attention.cell,
            attention.meta_channels,
            name="attention",
        )(last_output, three, masked, mask)
        pixels = jnp.concatenate([three[:, -1], moved, masked, mask], axis=-1)
        head = model.head
        to_features = Head(model.stem, head.channels, head.blocks, head.pixel_channels, name="head")
        return to_features(last_output, pixels)


@dataclasses.dataclass(frozen=True)
class NaiveSystem:
    """The loss, with the interface that the package's training step expects."""

    config: ml_collections.FrozenConfigDict

    def loss(self, params, batch, key):
        """Mean surprise of the hidden pixels among the sampled pixels of the target frames, nats."""
        data, train = self.config.data, self.config.train
        target, size = jnp.array(train.targets), data.height * data.width
        mask = grid_mask(data.height, data.width, batch["shift"][:, target], data.lattice)
        network = Network(self.config.model)
        features = network.apply({"params": params}, batch["clip"] / 255, train.targets, mask)
        drawn = drawn_pixels(key, batch["index"], len(train.targets), size, train.loss_pixels)
        pick = jax.vmap(lambda image, pixels: image[pixels])
        features = pick(features.reshape(-1, size, features.shape[-1]), drawn)
        value = pick(batch["clip"][:, target].reshape(-1, size, data.channels), drawn)
        hidden = ~mask.reshape(-1, size)
        logits = jnp.einsum("npd,dcv->npcv", features, params["output_kernel"]) + params["output_bias"]
        surprise = optax.softmax_cross_entropy_with_integer_labels(logits, value.astype(jnp.int32))
        surprise = jnp.sum(surprise.mean(-1) * pick(hidden, drawn), axis=1)
        return jnp.mean(surprise / hidden.sum(1)) * size / train.loss_pixels


def naive_parameters(params):
    """The package's parameters under the names used in this module.

    Flax's cell has a second bias, which is set to zero.
    """
    lstm = params["conv_lstm"]
    second_bias = jnp.zeros_like(lstm["input"]["bias"])
    cell = {"ih": lstm["input"], "hh": {"kernel": lstm["state_kernel"], "bias": second_bias}}
    return {**params, "conv_lstm": {"cell": cell}}


def drawn_pixels(key, index, targets, pixels, count):
    """One random pixel from each of `count` equal runs of consecutive pixels per target, (B·G, count)."""
    run = pixels // count
    keys = jax.vmap(lambda sequence: jax.random.fold_in(key, sequence))(index)
    drawn = jax.vmap(lambda one: jax.random.randint(one, (targets, count), 0, run))(keys)
    return drawn.reshape(-1, count) + run * jnp.arange(count)


def grid_mask(height, width, shift, period):
    """The pixels shown by a lattice shifted by (..., 2) pixels, bool (..., H, W)."""
    on = lambda size, axis: (jnp.arange(size) - shift[..., axis, None]) % period[axis] == 0
    return on(height, 0)[..., :, None] & on(width, 1)[..., None, :]


def moved_frames(frame, radius):
    """The frame shifted by every displacement, ((2R+1)², B, H, W, C)."""
    height, width = frame.shape[1:3]
    padded = jnp.pad(frame, ((0, 0), (radius, radius), (radius, radius), (0, 0)))
    starts = range(2 * radius, -1, -1)
    return jnp.stack([padded[:, y : y + height, x : x + width] for y in starts for x in starts])


def pixels_to_channels(x, block):
    """(B, H, W, C) to (B, H/block, W/block, block²·C)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // block, block, width // block, block, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // block, width // block, -1)


def channels_to_pixels(x, block):
    """(B, h, w, block²·C) to (B, h·block, w·block, C)."""
    batch, height, width, _ = x.shape
    x = x.reshape(batch, height, width, block, block, -1)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * block, width * block, -1)
