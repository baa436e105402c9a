"""What the U-Net costs, part by part; `costs.py` says what counts."""

from vpn_anomaly.models.costs import (
    Cost,
    Row,
    StepSize,
    convolution,
    dense,
    output_layer_costs,
    pixel_layer_cost,
)
from vpn_anomaly.models.unet import UNet


def unet_costs(network: UNet, step: StepSize) -> list[Row]:
    """The network's parts, on every target; their parameters are all that it has."""
    height, width = (length + network.padding(length) for length in (step.height, step.width))
    pixels = step.sequences * step.targets * height * width
    squares, inputs = network.stem**2, network.colours + 1
    cells = pixels // squares
    pixel_layer = pixel_layer_cost(network.channels[0], inputs, network.pixel_channels, network.stem, cells)
    return [
        Row("U-Net", "stem", convolution(squares * inputs + 2, network.channels[0], cells)),
        *(_level(network.channels, level, cells // 4**level) for level in range(len(network.channels))),
        Row("U-Net", "pixel layer", pixel_layer),
        output_layer_costs(network.pixel_channels, network.colours, step),
    ]


def _level(channels, level, cells) -> Row:
    """Two residual blocks, and the dense layers to the level below and back."""
    width = channels[level]
    cost = convolution(width, width, cells) * 4
    links = Cost()
    if level + 1 < len(channels):
        below = channels[level + 1]
        links = dense(4 * width, below, cells // 4) + dense(below, 4 * width, cells // 4)
    return Row("U-Net", f"level {level}", cost + links)
