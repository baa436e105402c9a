"""Parameter and FLOP counts in closed form: what is counted, and the costs of single layers.

Every network defines the cost of its layers next to them (`costs`).

Each multiply-add of a convolution, matrix product or dense layer counts as two operations; zero
padding counts as data. A backward pass counts as two forward passes, for the gradients of input and
weights, even where the input is data and needs none. A rematerialised block counts one more forward
pass, although its last product is not recomputed.

Elementwise work is not counted: biases, gates, norms, softmax, the optimizer, and what attention does with frames
before its meta-network: displacement costs (differences, squares, and sums over cells and windows), tracks, evidence.
"""

import dataclasses

FORWARD_AND_BACKWARD = 3  # cost of a training step, in forward passes
REMATERIALISED = FORWARD_AND_BACKWARD + 1


@dataclasses.dataclass(frozen=True)
class StepSize:
    """The amount of data in one training step.

    Attributes:
        sequences: B, over all devices.
        frames: T, frames that the ConvLSTM reads.
        targets: G, reconstructed frames per sequence.
        height, width: frame size, pixels.
        loss_pixels: pixels per target at which the output layer is evaluated.
    """

    sequences: int
    frames: int
    targets: int
    height: int
    width: int
    loss_pixels: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """Number of parameters, and of floating point operations in the forward pass of one training step."""

    parameters: int = 0
    forward: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.parameters + other.parameters, self.forward + other.forward)

    def __mul__(self, times: int) -> "Cost":
        return Cost(times * self.parameters, times * self.forward)


@dataclasses.dataclass(frozen=True)
class Row:
    """The cost of one part of a module; a training step costs as much as `passes` forward passes."""

    module: str
    part: str
    cost: Cost
    passes: int = FORWARD_AND_BACKWARD

    @property
    def training(self) -> int:
        """Floating point operations of one training step."""
        return self.passes * self.cost.forward


def convolution(inputs, outputs, positions, side=3, bias=True) -> Cost:
    """A side×side convolution at the given number of positions."""
    weights = side**2 * inputs * outputs
    return Cost(weights + bias * outputs, 2 * weights * positions)


def dense(inputs, outputs, positions) -> Cost:
    """A dense layer, or 1×1 convolution, at the given number of positions."""
    return convolution(inputs, outputs, positions, side=1)
