"""What the inpainting network costs, part by part; `costs.py` says what counts."""

from vpn_anomaly.models.attention import DepthwiseAttention, FullAttention, NoAttention
from vpn_anomaly.models.blocks import block_width
from vpn_anomaly.models.correlation import COST_FEATURES, CorrelationAttention
from vpn_anomaly.models.costs import (
    Cost,
    Row,
    StepSize,
    block_costs,
    convolution,
    dense,
    memory_costs,
    output_layer_costs,
    pixel_layer_cost,
)
from vpn_anomaly.models.inpainting import InpaintingNetwork
from vpn_anomaly.ops.displacement import displacement_count


def inpainting_costs(network: InpaintingNetwork, step: StepSize) -> list[Row]:
    """The network's parts in the order of the data; their parameters are all that it has."""
    head, outputs = network.head, network.conv_lstm.features
    cells = step.height * step.width // network.encoder.stem**2
    images = step.sequences * step.targets
    moved = 0
    if isinstance(network.attention, CorrelationAttention):
        moved = network.attention.heads * network.colours * network.attention.content_frames
    masked = network.colours + 1 if network.use_masked_frame else 0
    pixel_inputs = network.colours + moved + masked
    return [
        *memory_costs(network.encoder, network.conv_lstm, network.colours, step),
        *_ATTENTIONS[type(network.attention)](network, step, images, cells),
        *_head(head, outputs, pixel_inputs, images, cells),
        output_layer_costs(head.pixel_channels, network.colours, step),
    ]


def _head(head, attended, pixel_inputs, images, cells):
    width, squares = block_width(head.block, head.channels), head.stem**2
    positions = images * cells
    joined = attended + squares * pixel_inputs
    first = pixel_layer_cost(width, pixel_inputs, head.pixel_channels, head.stem, positions)
    layer = convolution(head.pixel_channels, head.pixel_channels, positions * squares)
    return [
        Row("head", "join", convolution(joined, width, positions)),
        block_costs("head", head, head.blocks, positions),
        Row("head", "pixel layers", first + layer * (head.pixel_layers - 1)),
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
        down = dense(outputs, inner, images * context * cells)
        projections = down + dense(inner, outputs, images * cells)
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
    return dense(statistics, code, images) + convolution(code, made, images, side=attention.filter_size)


def _correlation_attention(network, step, images, cells):
    del cells
    filters = applied = Cost()
    for back in range(1, network.attention.content_frames + 1):
        taps = displacement_count(back * network.attention.radius)
        filters += _displacement_filters(network, step, images, taps)
        moved = 2 * taps * network.attention.heads * network.colours
        applied += Cost(0, moved * images * step.height * step.width)
    return [
        Row("attention", "correlation: filters", filters),
        Row("attention", "correlation: applied", applied),
    ]


def _displacement_filters(network, step, images, taps):
    """The meta-network of one content frame, and the weights of its costs."""
    attention = network.attention
    kinds = 3 if network.use_masked_frame else 2  # of displacement costs
    meta, positions = attention.meta_channels, images * step.height * step.width // attention.cell**2
    inputs = network.conv_lstm.features + kinds * COST_FEATURES
    return (
        dense(len(attention.windows) * taps, COST_FEATURES, positions) * kinds
        + convolution(inputs, meta, positions)
        + convolution(meta, meta, positions)
        + dense(meta, attention.heads * taps, positions)
        + Cost(kinds * attention.heads, 0)
    )


_ATTENTIONS = {
    NoAttention: _no_attention,
    FullAttention: _full_attention,
    DepthwiseAttention: _depthwise_attention,
    CorrelationAttention: _correlation_attention,
}
