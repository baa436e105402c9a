"""Parameters and floating point operations in closed form: what counts, and the costs of single layers.

Every network says beside its layers what they cost (`costs`).

Two operations count for each multiply-add of a convolution, matrix product or dense layer; zero
padding counts as data. A backward pass counts twice the forward, for the gradients of input and
weights, also where the input is data and has none. A rematerialised block counts one forward more,
though its last product is not made again.

Elementwise work is left out: biases, gates, norms, softmax, the optimizer, and the displacement
costs of correlation attention (differences, squares, and sums over cells and windows).
"""

import dataclasses

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


def convolution(inputs, outputs, positions, side=3, bias=True) -> Cost:
    """A side×side convolution at so many positions."""
    weights = side**2 * inputs * outputs
    return Cost(weights + bias * outputs, 2 * weights * positions)


def dense(inputs, outputs, positions) -> Cost:
    """A dense layer, or 1×1 convolution, at so many positions."""
    return convolution(inputs, outputs, positions, side=1)
