"""What the networks of the other systems cost, part by part; `costs.py` says what counts."""

from vpn_anomaly.models.composite import CompositeAutoencoder
from vpn_anomaly.models.costs import (
    FORWARD_AND_BACKWARD,
    REMATERIALISED,
    Cost,
    Row,
    StepSize,
    convolution,
    dense,
    memory_costs,
    output_layer_costs,
)
from vpn_anomaly.models.frame_autoencoder import HALVINGS, FrameAutoencoder
from vpn_anomaly.models.pixelcnn import REACH, PixelCNN
from vpn_anomaly.models.vpn import VideoPixelNetwork


def vpn_costs(network: VideoPixelNetwork, step: StepSize) -> list[Row]:
    """The Video Pixel Network, teacher-forced on every target."""
    decoder, colours = network.decoder, network.decoder.colours
    images = step.sequences * step.targets
    pixels = images * step.height * step.width
    squares = network.encoder.stem**2
    to_pixels = dense(network.conv_lstm.features, network.condition * squares, pixels // squares)
    return [
        *memory_costs(network.encoder, network.conv_lstm, colours, step),
        Row("decoder", "condition", to_pixels),
        *_pixelcnn(decoder, network.condition, images, step),
        output_layer_costs(decoder.features * colours, colours, step),
    ]


def _pixelcnn(decoder: PixelCNN, condition: int, images: int, step: StepSize) -> list[Row]:
    width, c, colours = 2 * decoder.channels, decoder.channels, decoder.colours
    pixels = images * step.height * step.width
    raised = images * (step.height + 2) * step.width  # a raised convolution has two rows more
    first = convolution(colours, width, raised) + dense(REACH * colours, width, pixels)
    first += dense(condition, width, pixels) * 2
    unit = convolution(c, 4 * c, raised) + dense((REACH + 1) * c, 4 * c, pixels)
    block = (dense(width, c, pixels) + unit + dense(c, width, pixels)) + unit
    block += dense(width, c, pixels) + dense(c, width, pixels)
    last = Cost()
    for known in range(colours):
        last += dense(width + known, decoder.features, pixels)
    passes = REMATERIALISED if decoder.rematerialise else FORWARD_AND_BACKWARD
    return [
        Row("decoder", "first layers", first),
        Row("decoder", f"{decoder.blocks} causal blocks", block * decoder.blocks, passes),
        Row("decoder", "last layers", last),
    ]


def composite_costs(network: CompositeAutoencoder, past: int, step: StepSize) -> list[Row]:
    """The composite ConvLSTM encoder-decoder, on one window a sequence."""
    cells = step.sequences * step.height * step.width // network.stem**2
    squares = network.stem**2 * network.colours
    fed_back = squares if network.conditioned else 0
    return [
        Row("encoder", f"{past} steps", _stack(network, squares, cells, past)),
        *(
            Row(
                name,
                f"{steps} steps",
                _stack(network, fed_back, cells, steps) + dense(network.channels, squares, cells * steps),
            )
            for name, steps in (("reconstruction", past), ("prediction", network.future))
        ),
    ]


def _stack(network, inputs, cells, steps) -> Cost:
    cost = Cost()
    for layer in range(network.layers):
        read = network.channels + (network.channels if layer else inputs)
        cost += convolution(read, 4 * network.channels, cells * steps)
    return cost


def frame_autoencoder_costs(network: FrameAutoencoder, step: StepSize) -> list[Row]:
    """The autoencoder, on every target."""
    pixels = step.sequences * step.targets * step.height * step.width
    widths = [network.channels * 2**number for number in range(HALVINGS)]
    down = up = Cost()
    for number, (inputs, outputs) in enumerate(zip([network.colours, *widths], widths)):
        down += convolution(inputs, outputs, pixels // 4 ** (number + 1))
    # A transposed convolution of stride 2 applies its 4×4 kernel at every place of its input.
    for number, (inputs, outputs) in enumerate(zip(reversed(widths), [*widths[-2::-1], network.colours])):
        up += convolution(inputs, outputs, pixels // 4 ** (HALVINGS - number), side=4)
    codes = pixels // 4**HALVINGS
    code = dense(widths[-1], network.code, codes) + dense(network.code, widths[-1], codes)
    return [
        Row("encoder", "convolutions", down),
        Row("code", "1×1", code),
        Row("decoder", "convolutions", up),
    ]
