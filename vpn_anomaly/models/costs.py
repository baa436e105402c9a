"""Parameters and floating point operations in closed form: what counts, and the parts of several networks.

Two operations count for each multiply-add of a convolution, matrix product or dense layer; zero
padding counts as data. A backward pass counts twice the forward, for the gradients of input and
weights, also where the input is data and has none. A rematerialised block counts one forward more,
though its last product is not made again.

Elementwise work is left out: biases, gates, norms, softmax, the optimizer, and the displacement
costs of correlation attention (differences, squares, and sums over cells and windows).
"""

import dataclasses

from vpn_anomaly.models.blocks import block_width
from vpn_anomaly.models.conv_lstm import ConvLSTM
from vpn_anomaly.models.encoder import Encoder
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


def memory_costs(encoder: Encoder, conv_lstm: ConvLSTM, colours: int, step: StepSize) -> list[Row]:
    """The encoder and the ConvLSTM, over all frames that they read."""
    encoded = step.sequences * step.frames * step.height * step.width // encoder.stem**2
    width, outputs = block_width(encoder.block, encoder.channels), conv_lstm.features
    return [
        Row("encoder", "stem", convolution(encoder.stem**2 * colours, width, encoded)),
        block_costs("encoder", encoder, len(encoder.dilations), encoded),
        Row("ConvLSTM", "input", convolution(width, 4 * outputs, encoded)),
        Row("ConvLSTM", "state", convolution(outputs, 4 * outputs, encoded, bias=False)),
    ]


def output_layer_costs(features: int, colours: int, step: StepSize) -> Row:
    """The output layer at the pixels that the loss is taken over."""
    positions = step.sequences * step.targets * step.loss_pixels
    return Row("output layer", f"{VALUES}-way", dense(features, colours * VALUES, positions))


def pixel_layer_cost(inputs: int, pixel_inputs: int, channels: int, stem: int, cells: int) -> Cost:
    """`models.inpainting.pixel_layer`, from so many cells of stem×stem pixels."""
    inner, pixels = max(channels // 2, 1), stem**2
    to_pixels = dense(inputs, inner * pixels, cells)
    return to_pixels + convolution(inner + pixel_inputs, channels, cells * pixels)


def convolution(inputs, outputs, positions, side=3, bias=True) -> Cost:
    """A side×side convolution at so many positions."""
    weights = side**2 * inputs * outputs
    return Cost(weights + bias * outputs, 2 * weights * positions)


def dense(inputs, outputs, positions) -> Cost:
    """A dense layer, or 1×1 convolution, at so many positions."""
    return convolution(inputs, outputs, positions, side=1)


def block_costs(module, settings, count, positions) -> Row:
    """The residual blocks of the encoder or of the head."""
    c = settings.channels
    if settings.block == "rmb":
        wide, unit = block_width("rmb", c), convolution(c, 4 * c, positions)
        block = dense(wide, c, positions) + unit + unit + dense(c, wide, positions)
    else:
        block = convolution(c, c, positions) * 2
    passes = REMATERIALISED if settings.rematerialise else FORWARD_AND_BACKWARD
    name = f"{count} {settings.block} block" + ("" if count == 1 else "s")
    return Row(module, name + (", remat" if settings.rematerialise else ""), block * count, passes)
