"""Parameters and floating point operations of the inpainting network, in closed form.

Two operations count for each multiply-add of a convolution, matrix product or dense layer; zero
padding counts as data. A backward pass counts twice the forward, for the gradients of input and
weights, also where the input is data and has none. A rematerialised block counts one forward more,
though its last product is not made again.

Elementwise work is left out: biases, gates, norms, softmax, the optimizer, and the displacement
costs of correlation attention (differences, squares, and sums over cells and windows).
"""

import dataclasses

from vpn_anomaly.models.attention import DepthwiseAttention, FullAttention, NoAttention
from vpn_anomaly.models.blocks import block_width
from vpn_anomaly.models.correlation import COST_FEATURES, CorrelationAttention
from vpn_anomaly.models.inpainting import InpaintingNetwork
from vpn_anomaly.ops.displacement import displacement_count
from vpn_anomaly.ops.intensity import VALUES

FORWARD_AND_BACKWARD = 3  # forward passes that a training step is worth
REMATERIALISED = FORWARD_AND_BACKWARD + 1


@dataclasses.dataclass(frozen=True)
class StepSize:
    """What one training step works on.

    Attributes:
        sequences: B, over all devices.
        frames: T, that the ConvLSTM reads.
        targets: G, frames of a sequence that are reconstructed.
        height, width: of a frame, pixels.
        loss_pixels: pixels of a target that the output layer reads.
    """

    sequences: int
    frames: int
    targets: int
    height: int
    width: int
    loss_pixels: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """A number of parameters, and of floating point operations in the forward pass of one step."""

    parameters: int = 0
    forward: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.parameters + other.parameters, self.forward + other.forward)

    def __mul__(self, times: int) -> "Cost":
        return Cost(times * self.parameters, times * self.forward)


@dataclasses.dataclass(frozen=True)
class Row:
    """The cost of a part of a module; a training step is worth `passes` forward passes of it."""

    module: str
    part: str
    cost: Cost
    passes: int = FORWARD_AND_BACKWARD

    @property
    def training(self) -> int:
        """Floating point operations of one training step."""
        return self.passes * self.cost.forward


def network_costs(network: InpaintingNetwork, step: StepSize) -> list[Row]:
    """The network's parts in the order of the data; their parameters are all that it has."""
    encoder, head = network.encoder, network.head
    cells = step.height * step.width // encoder.stem**2
    encoded = step.sequences * step.frames * cells
    images = step.sequences * step.targets
    width = block_width(encoder.block, encoder.channels)
    outputs = network.conv_lstm.features
    moved = 0
    if isinstance(network.attention, CorrelationAttention):
        moved = network.attention.heads * network.colours
    masked = network.colours + 1 if network.use_masked_frame else 0
    pixel_inputs = network.colours + moved + masked
    read = network.colours * VALUES
    loss_positions = images * step.loss_pixels
    return [
        Row("encoder", "stem", _convolution(encoder.stem**2 * network.colours, width, encoded)),
        _blocks("encoder", encoder, len(encoder.dilations), encoded),
        Row("ConvLSTM", "input", _convolution(width, 4 * outputs, encoded)),
        Row("ConvLSTM", "state", _convolution(outputs, 4 * outputs, encoded, bias=False)),
        *_ATTENTIONS[type(network.attention)](network, step, images, cells),
        *_head(head, outputs, pixel_inputs, images, cells),
        Row("output layer", f"{VALUES}-way", _dense(head.pixel_channels, read, loss_positions)),
    ]


def _convolution(inputs, outputs, positions, side=3, bias=True):
    weights = side**2 * inputs * outputs
    return Cost(weights + bias * outputs, 2 * weights * positions)


def _dense(inputs, outputs, positions):
    return _convolution(inputs, outputs, positions, side=1)


def _blocks(module, settings, count, positions):
    """The residual blocks of the encoder or of the head."""
    c = settings.channels
    if settings.block == "rmb":
        wide, unit = block_width("rmb", c), _convolution(c, 4 * c, positions)
        block = _dense(wide, c, positions) + unit + unit + _dense(c, wide, positions)
    else:
        block = _convolution(c, c, positions) * 2
    passes = REMATERIALISED if settings.rematerialise else FORWARD_AND_BACKWARD
    name = f"{count} {settings.block} block" + ("" if count == 1 else "s")
    return Row(module, name + (", remat" if settings.rematerialise else ""), block * count, passes)


def _head(head, attended, pixel_inputs, images, cells):
    width, squares = block_width(head.block, head.channels), head.stem**2
    inner, positions = max(head.pixel_channels // 2, 1), images * cells
    joined = attended + squares * pixel_inputs
    to_pixels = _dense(width, inner * squares, positions)
    pixels = _convolution(inner + pixel_inputs, head.pixel_channels, positions * squares)
    return [
        Row("head", "join", _convolution(joined, width, positions)),
        _blocks("head", head, head.blocks, positions),
        Row("head", "pixel layers", to_pixels + pixels),
    ]


def _no_attention(network, step, images, cells):
    del network, step, images, cells
    return [Row("attention", "none", Cost())]


def _full_attention(network, step, images, cells):
    del step
    attention, outputs, context = network.attention, network.conv_lstm.features, network.context
    inner = attention.bottleneck or outputs
    made = context * inner**2
    projections = Cost()
    if attention.bottleneck:
        down = _dense(outputs, inner, images * context * cells)
        projections = down + _dense(inner, outputs, images * cells)
    taps = attention.filter_size**2
    applied = Cost(0, 2 * taps * made * images * cells)
    return [
        Row("attention", "full: filters", _filters(attention, 2 * context * outputs, made, images)),
        Row("attention", "full: applied", applied + projections),
    ]


def _depthwise_attention(network, step, images, cells):
    del step
    attention, outputs, context = network.attention, network.conv_lstm.features, network.context
    made = context * outputs
    applied = Cost(0, 2 * attention.filter_size**2 * made * images * cells)
    filters = _filters(attention, 2 * context * outputs, made, images)
    return [
        Row("attention", "depthwise: filters", filters),
        Row("attention", "depthwise: applied", applied),
    ]


def _filters(attention, statistics, made, images):
    """A dense layer over the statistics, and a transposed convolution from one position to k×k."""
    code = attention.meta_channels
    return _dense(statistics, code, images) + _convolution(
        code, made, images, side=attention.filter_size
    )


def _correlation_attention(network, step, images, cells):
    del cells
    attention = network.attention
    kinds = 3 if network.use_masked_frame else 2  # of displacement costs
    taps, meta = displacement_count(attention.radius), attention.meta_channels
    positions = images * step.height * step.width // attention.cell**2
    windows = len(attention.windows) * taps
    inputs = network.conv_lstm.features + kinds * COST_FEATURES
    network_cost = (
        _dense(windows, COST_FEATURES, positions) * kinds
        + _convolution(inputs, meta, positions)
        + _convolution(meta, meta, positions)
        + _dense(meta, attention.heads * taps, positions)
        + Cost(kinds * attention.heads, 0)  # the weights of the costs
    )
    moved = 2 * taps * attention.heads * network.colours * images * step.height * step.width
    return [
        Row("attention", "correlation: filters", network_cost),
        Row("attention", "correlation: applied", Cost(0, moved)),
    ]


_ATTENTIONS = {
    NoAttention: _no_attention,
    FullAttention: _full_attention,
    DepthwiseAttention: _depthwise_attention,
    CorrelationAttention: _correlation_attention,
}
