"""The closed form against the parameters, and against XLA's own count for a model without loops.

XLA counts the body of a loop once. The model here is written anew from the descriptions, with XLA's
convolutions and Python loops over time, targets, samples and displacements; it is only lowered.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from vpn_anomaly.config import check, defaults
from vpn_anomaly.systems.build import build_system, step_size

SMALL = {
    "data.height": 32,
    "data.width": 32,
    "data.frames": 8,
    "model.stem": 2,
    "model.context": 3,
    "model.encoder.channels": 32,
    "model.encoder.dilations": (1, 2),
    "model.lstm.channels": 48,
    "model.attention.meta_channels": 64,
    "model.attention.cell": 4,
    "model.attention.radius": 2,
    "model.head.channels": 48,
    "model.head.blocks": 2,
    "model.head.pixel_channels": 32,
    "train.targets": (5, 7),
    "train.batch_size": 2,
    "train.loss_pixels": 0,
}
VARIANTS = {
    "full": {"model.attention.kind": "full"},
    "bottleneck": {
        "model.attention.kind": "full",
        "model.attention.bottleneck": 12,
        "model.rematerialise": True,
        "model.head.block": "rmb",
    },
    "depthwise": {
        "model.attention.kind": "depthwise",
        "model.encoder.block": "relu",
        "model.attention.filter_size": 5,
        "model.use_masked_frame": False,
    },
    "correlation": {"model.attention.kind": "correlation", "data.channels": 3},
    "no short cut": {
        "model.attention.kind": "depthwise",
        "model.attention.filter_size": 5,
        "model.head.sees_last_frame": False,
    },
    "no mask": {
        "model.attention.kind": "correlation",
        "model.use_masked_frame": False,
        "model.attention.windows": (3, 5),
        "model.attention.heads": 2,
    },
    "moved frames": {
        "model.attention.windows": (3,),
        "model.attention.meta_channels": 8,
        "model.attention.radius": 4,
        "model.attention.cell": 8,
        "model.head.channels": 8,
        "model.head.pixel_channels": 8,
    },
    "content": {
        "model.attention.content_frames": 2,
        "model.context": 4,
        "model.attention.heads": 2,
        "model.head.pixel_layers": 3,
    },
    "horizon": {
        "model.horizon": 2,
        "model.attention.content_frames": 2,
        "model.context": 5,
        "model.attention.windows": (3,),
        "model.attention.radius": 1,
        "model.attention.meta_channels": 8,
        "train.targets": (6, 7),
    },
    "layers": {
        "model.attention.kind": "layers",
        "model.attention.content_frames": 3,
        "model.head.copies": True,
        "data.channels": 3,
    },
    "layers of the past": {
        "model.attention.kind": "layers",
        "model.use_masked_frame": False,
    },
    "none": {"model.attention.kind": "none", "model.stem": 1, "data.channels": 3},
}


def variant(name, attention=None):
    config = defaults()
    config.update_from_flattened_dict({**SMALL, **VARIANTS[name]})
    config.model.attention.kind = attention or config.model.attention.kind
    check(config)
    return config


def shapes_of_parameters(config):
    data, context = config.data, config.model.context
    frames = jnp.zeros((1, context, data.height, data.width, data.channels))
    mask = jnp.zeros((1, data.height, data.width), bool)
    init = build_system(config).network.init
    return jax.eval_shape(init, jax.random.key(0), frames, frames[:, 0], mask)["params"]


def rows_of(config):
    return build_system(config).costs(step_size(config))


def by_module(rows, value):
    groups = itertools.groupby(rows, lambda row: row.module)
    return {module: sum(value(row) for row in parts) for module, parts in groups}


@pytest.mark.parametrize("name", VARIANTS)
def test_parameters_are_those_of_the_network(name):
    config = variant(name)
    params = dict(shapes_of_parameters(config))
    params["output"] = [params.pop("output_kernel"), params.pop("output_bias"), params.pop("mixture", {})]
    count = lambda tree: sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))
    counted = {
        "encoder": count(params.pop("encoder")),
        "ConvLSTM": count(params.pop("conv_lstm")),
        "attention": count(params.pop("attention", {})),
        "head": count(params.pop("head")),
        "output layer": count(params.pop("output")),
    }
    assert by_module(rows_of(config), lambda row: row.cost.parameters) == counted
    assert not params


def convolve(x, p, dilation=1):
    """Zero padding in an operation of its own: XLA does not count products with its own padding."""
    d = dilation
    kernel = p["kernel"]
    z = lax.conv_general_dilated(
        jnp.pad(x, ((0, 0), (d, d), (d, d), (0, 0))),
        kernel,
        (1, 1),
        "VALID",
        rhs_dilation=(d, d),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return z + p["bias"] if "bias" in p else z


def dense(x, p):
    return x @ p["kernel"] + p["bias"]


def unit(h, p, dilation):
    g1, g2, g3, u = jnp.split(convolve(h, p["gates_and_update"], dilation), 4, -1)
    g1, g2, g3 = map(jax.nn.sigmoid, (g1, g2, g3))
    return g1 * jnp.tanh(g2 * h + g3 * jnp.tanh(u))


def blocks(x, p, kind, dilations, remat):
    for number, dilation in enumerate(dilations):

        def block(x, p):
            if kind == "relu":
                h = convolve(jax.nn.relu(x), p["conv_1"], dilation)
                return x + convolve(jax.nn.relu(h), p["conv_2"], dilation)
            h = unit(unit(dense(x, p["down"]), p["unit_1"], dilation), p["unit_2"], dilation)
            return x + dense(h, p["up"])

        x = (jax.checkpoint(block) if remat else block)(x, p[f"block_{number}"])
    return x


def to_depth(x, s):
    b, h, w, c = x.shape
    return (
        x.reshape(b, h // s, s, w // s, s, c)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(b, h // s, w // s, s * s * c)
    )


def to_space(x, s):
    b, h, w, c = x.shape
    return x.reshape(b, h, w, s, s, c // s**2).transpose(0, 1, 3, 2, 4, 5).reshape(b, h * s, w * s, c // s**2)


def lstm(inputs, p):
    kernel, outputs = {"kernel": p["state_kernel"]}, []
    h = c = jnp.zeros((*inputs[0].shape[:-1], p["state_kernel"].shape[2]))
    for x in inputs:
        z = convolve(x, p["input"]) + convolve(h, kernel)
        i, g, f, o = jnp.split(z, 4, -1)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        outputs.append(h)
    return outputs


def made_filters(memory, p):
    x = jnp.stack(memory, 1)
    statistics = jnp.concatenate([x.mean((2, 3)), jnp.std(x, (2, 3))], -1).reshape(len(x), -1)
    code = jax.nn.relu(dense(statistics, p["meta"]))
    deconvolution = p["FilterDeconvolution_0"]["ConvTranspose_0"]
    return jnp.einsum("bd,ijdf->bijf", code, deconvolution["kernel"]) + deconvolution["bias"]


def full(memory, p):
    x = [dense(m, p["down"]) for m in memory] if "down" in p else memory
    x = jnp.concatenate(x, -1)
    filters = made_filters(memory, p)
    filters = filters.reshape(*filters.shape[:3], x.shape[-1], -1)
    pairs = zip(x, filters)
    change = jnp.stack([convolve(one[None], {"kernel": kernel})[0] for one, kernel in pairs])
    return memory[-1] + (dense(change, p["up"]) if "up" in p else change)


def depthwise(memory, p):
    filters = made_filters(memory, p)
    filters = filters.reshape(*filters.shape[:3], len(memory), -1)
    height, width = memory[0].shape[1:3]
    half, total = filters.shape[1] // 2, memory[-1]
    for k, x in enumerate(memory):
        x = jnp.pad(x, ((0, 0), (half, half), (half, half), (0, 0)))
        for row, column in np.ndindex(*filters.shape[1:3]):
            tap = x[:, row : row + height, column : column + width]
            total = total + tap * filters[:, row, column, k][:, None, None]
    return total


def correlation(memory, frames, costs, p, config):
    """The costs, which get no gradient, are given: their work is not counted."""
    pool = config.model.attention.cell // config.model.stem
    b, h, w, c = memory[-1].shape
    pooled = memory[-1].reshape(b, h // pool, pool, w // pool, pool, c).mean((2, 4))
    moved = []
    for back, kinds in enumerate(costs, start=1):
        prefix = "" if back == 1 else f"back_{back}_"
        own = {
            name.removeprefix(prefix): value
            for name, value in p.items()
            if name.startswith(prefix or ("costs", "meta", "logits", "log_beta"))
        }
        moved.append(displaced(pooled, frames[-back], kinds, own, config, back))
    return memory[-1], jnp.concatenate(moved, -1)


def layers(memory, frames, costs, p, config):
    """Tracks and evidence, which are not counted either, are stood for by copies of the moved frame and zeros."""
    model, colours = config.model, config.data.channels
    layers, depths = model.attention.layers, {1: 1, 3: 3}[model.attention.content_frames]
    pool = model.attention.cell // model.stem
    b, h, w, c = memory[-1].shape
    pooled = memory[-1].reshape(b, h // pool, pool, w // pool, pool, c).mean((2, 4))
    moved = displaced(pooled, frames[-1], costs[0], p, config, 1)
    composed = jnp.concatenate([moved, moved[..., :colours]], -1)
    evidence = jnp.zeros((b, h, w, 3 * depths * (layers + 1) * model.use_masked_frame))
    return jnp.concatenate([memory[-1], evidence], -1), jnp.concatenate([composed] * depths, -1)


def displacements(model, back):
    """Side of the square of displacements of the frame that is `back`-th from the end."""
    return 2 * math.ceil(model.attention.radius * (model.horizon + back - 1) / model.horizon) + 1


def displaced(pooled, frame, kinds, p, config, back):
    attention, side = config.model.attention, displacements(config.model, back)
    heads = attention.layers if attention.kind == "layers" else attention.heads
    parts = [dense(cost, p[f"costs_{number}"]) for number, cost in enumerate(kinds)]
    x = jnp.concatenate([pooled, *parts], -1)
    x = jax.nn.relu(convolve(jax.nn.relu(convolve(x, p["meta_1"])), p["meta_2"]))
    logits = dense(x, p["logits"]).reshape(*x.shape[:3], heads, side**2)
    beta = jnp.exp(p["log_beta"]).reshape(-1, heads).sum(0)
    filters = jax.nn.softmax(logits - beta[:, None])
    weights = filters.repeat(attention.cell, 1).repeat(attention.cell, 2)
    moved = 0
    for tap, (dy, dx) in enumerate(np.ndindex(side, side)):
        at = jnp.roll(frame, (dy, dx), (1, 2))
        moved = moved + weights[..., tap][..., None] * at[:, :, :, None]
    return moved.reshape(*frame.shape[:3], -1)


def head(attended, pixels, p, config):
    model, stem = config.model, config.model.stem
    x = convolve(jnp.concatenate([attended, to_depth(pixels, stem)], -1), p["join"])
    ones = (1,) * model.head.blocks
    x = jax.nn.relu(blocks(x, p, model.head.block, ones, model.rematerialise))
    x = jnp.concatenate([to_space(dense(x, p["to_pixels"]), stem), pixels], -1)
    x = jax.nn.relu(convolve(x, p["pixels"]))
    for number in range(1, model.head.pixel_layers):
        x = x + jax.nn.relu(convolve(x, p[f"pixels_{number}"]))
    return x


MOVING = {"correlation": correlation, "layers": layers}


def loss(p, clip, masks, costs, config):
    """clip (B, T, H, W, C), one mask (B, H, W, 1) and costs a target; the mean surprise of 0."""
    model, kind = config.model, config.model.attention.kind
    b, t = clip.shape[:2]
    x = to_depth(clip[:, :-1].reshape(-1, *clip.shape[2:]), model.stem)
    x = convolve(x, p["encoder"]["stem"])
    x = blocks(x, p["encoder"], model.encoder.block, model.encoder.dilations, model.rematerialise)
    x = x.reshape(b, t - 1, *x.shape[1:])
    memory = lstm([x[:, time] for time in range(t - 1)], p["conv_lstm"])
    total = 0.0
    for target, mask, cost in zip(config.train.targets, masks, costs):
        end = target - model.horizon + 1
        context, last = memory[end - model.context : end], clip[:, end - 1]
        pixels = [last] if model.head.sees_last_frame else []
        if kind in MOVING:
            frames = [clip[:, end - 2], last]
            attended, moved = MOVING[kind](context, frames, cost, p["attention"], config)
            pixels.append(moved)
        else:
            attend = {"full": full, "depthwise": depthwise, "none": lambda m, _: m[-1]}[kind]
            attended = attend(context, p.get("attention"))
        if model.use_masked_frame:
            pixels += [clip[:, target] * mask, mask]
        features = head(attended, jnp.concatenate(pixels, -1), p["head"], config)
        logits = jnp.einsum("bhwd,dcv->bhwcv", features, p["output_kernel"]) + p["output_bias"]
        total += jnp.mean(jax.nn.logsumexp(logits, -1) - logits[..., 0])
        if model.head.copies and kind in MOVING:
            total += jnp.mean(dense(features, p["mixture"]["copies"]))
    return total + jnp.mean(memory[-1])  # which is computed also where it lies within the horizon


@functools.cache
def counted_by_xla(name, attention=None, backward=False):
    """Operations of the loss in the model without loops, or of the loss and its gradient."""
    config = variant(name, attention)
    data, model, attention = config.data, config.model, config.model.attention
    b, targets = config.train.batch_size, len(config.train.targets)
    shape = lambda *sizes: jax.ShapeDtypeStruct((b, *sizes), jnp.float32)
    clip = shape(max(config.train.targets) + 1, data.height, data.width, data.channels)
    masks = [shape(data.height, data.width, 1)] * targets
    cells = (data.height // attention.cell, data.width // attention.cell)
    if attention.kind == "layers":
        features, kinds = [attention.layers * displacements(model, 1) ** 2], 1
    else:
        backs = range(1, attention.content_frames + 1)
        features, kinds = [len(attention.windows) * displacements(model, back) ** 2 for back in backs], 2
    costs = [[[shape(*cells, count)] * (kinds + model.use_masked_frame) for count in features]] * targets
    run = lambda *arguments: loss(*arguments, config)
    step = jax.jit(jax.value_and_grad(run) if backward else run)
    lowered = step.lower(shapes_of_parameters(config), clip, masks, costs)
    return lowered.cost_analysis()["flops"]


@pytest.mark.parametrize("name", VARIANTS)
def test_operations_are_those_that_xla_counts_without_loops(name):
    rows = rows_of(variant(name))
    training = sum(row.training for row in rows)
    assert forward_of(rows) == pytest.approx(counted_by_xla(name), rel=0.05)
    assert training == pytest.approx(counted_by_xla(name, backward=True), rel=0.05)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "none"])
def test_operations_of_the_attention_alone(name):
    """What a model has more than the same without attention: small beside the rest otherwise."""
    counted = counted_by_xla(name) - counted_by_xla(name, "none")
    closed_form = forward_of(rows_of(variant(name))) - forward_of(rows_of(variant(name, "none")))
    assert closed_form == pytest.approx(counted, rel=0.1)


def forward_of(rows):
    return sum(row.cost.forward for row in rows)


def test_a_rematerialised_block_has_one_forward_more():
    config = variant("full")
    plain = by_module(rows_of(config), lambda row: row.training)
    forward = {row.module: row.cost.forward for row in rows_of(config) if "block" in row.part}
    config.model.rematerialise = True
    remat = by_module(rows_of(config), lambda row: row.training)
    more = {module: remat[module] - plain[module] for module in plain}
    assert {module: count for module, count in more.items() if count} == forward


def test_loss_pixels_count_only_in_the_output_layer():
    config = variant("full")
    every = by_module(rows_of(config), lambda row: row.training)
    config.train.loss_pixels = 256
    some = by_module(rows_of(config), lambda row: row.training)
    assert some.pop("output layer") * 4 == every.pop("output layer")
    assert some == every
