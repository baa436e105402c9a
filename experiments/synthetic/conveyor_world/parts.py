"""The parts of the conveyor, one at every slot, slots at a regular spacing; how one is drawn.

Lengths are in pixels; slot numbers start at 0 and grow with time.
"""

import dataclasses
import math

import numpy as np

from experiments.synthetic.conveyor_world import shapes
from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform

SPACING = 0.8  # between slots, and all below, in frame heights
RADIUS = 0.19
SIZE_VARIATION = 0.05  # parts of the radius
ROW_VARIATION = 0.06
PLACE_VARIATION = 0.03  # along the belt
ANGLE_VARIATION = math.radians(7)
BRIGHTNESS = (150.0, 185.0)  # grey levels
SHADOW_WIDTH = 2.0  # pixels
_SHADOW_DEPTH = 0.45
_BEVEL_WIDTH = 3.0  # pixels
_BEVEL_DEPTH = 0.18
_SHEEN = 7.0  # grey levels a radius, brighter towards the upper left


@dataclasses.dataclass(frozen=True)
class Scratch:
    """A straight line on a part.

    Attributes:
      angle: of the line in the part, radians.
      distance: of the line from the part's centre, in radii.
      half_length: in radii.
      half_width: pixels.
      contrast: grey levels added.
    """

    angle: float
    distance: float
    half_length: float
    half_width: float
    contrast: float


@dataclasses.dataclass(frozen=True)
class Part:
    """What lies on the belt at a slot.

    Attributes:
      shape: a name in shapes.SHAPES.
      ahead: how far right of its slot's place its centre is, pixels.
      row: of its centre, pixels.
      radius: pixels.
      brightness: grey levels.
      angle: clockwise in the picture, radians.
      scratch: what is scratched into it.
    """

    shape: str
    ahead: float
    row: float
    radius: float
    brightness: float
    angle: float
    scratch: Scratch | None = None


def furthest_reach(height: int) -> float:
    """How far from its slot's place anything of a part or its shadow can be, pixels."""
    radius = RADIUS * (1 + SIZE_VARIATION) * shapes.REACH
    return height * (radius + PLACE_VARIATION) + SHADOW_WIDTH + 1


def normal_part(seed: int, split: str, slot: int, height: int, allowed: tuple[str, ...]) -> Part:
    """The part of a slot as it is without a defect, its shape one of the allowed ones."""
    bits_6 = random_bits(seed, split, [slot], "part", 6)[0]
    size, row, ahead, angle = (2 * uniform(bits_6[1:5]) - 1).tolist()
    darkest, brightest = BRIGHTNESS
    return Part(
        shape=allowed[integers_below(bits_6[0], len(allowed))],
        ahead=PLACE_VARIATION * height * ahead,
        row=height * (0.5 + ROW_VARIATION * row),
        radius=RADIUS * height * (1 + SIZE_VARIATION * size),
        brightness=darkest + (brightest - darkest) * float(uniform(bits_6[5])),
        angle=ANGLE_VARIATION * angle,
    )


def draw(canvas_HxW: np.ndarray, part: Part, column: float) -> None:
    """Draws a part with its shadow onto grey levels, float32, in place.

    Edges are as wide as a pixel, so that a centre may be anywhere between pixels. column: where the
    part's slot is; what lies outside the canvas is left out.
    """
    centre = column + part.ahead
    reach = part.radius * shapes.REACH + SHADOW_WIDTH
    rows, columns = (
        slice(max(math.ceil(place - reach), 0), max(math.floor(place + reach) + 1, 0))
        for place in (part.row, centre)
    )
    patch = canvas_HxW[rows, columns]
    if not patch.size:
        return
    right = _radii_from(centre, columns.start, patch.shape[1], part.radius)
    down = _radii_from(part.row, rows.start, patch.shape[0], part.radius)[:, None]
    cosine, sine = np.float32(math.cos(part.angle)), np.float32(math.sin(part.angle))
    x, y = cosine * right + sine * down, cosine * down - sine * right
    distance = np.float32(part.radius) * shapes.SHAPES[part.shape](x, y)
    inside = np.clip(0.5 - distance, 0, 1)
    bevel = _BEVEL_DEPTH * np.clip(1 + distance / _BEVEL_WIDTH, 0, 1)
    metal = part.brightness * (1 - bevel) - _SHEEN * (right + down)
    if part.scratch:
        metal += part.scratch.contrast * _scratched(part.scratch, x, y, part.radius)
    patch *= 1 - _SHADOW_DEPTH * np.clip(1 - distance / SHADOW_WIDTH, 0, 1)
    patch += inside * (metal - patch)


def _radii_from(centre: float, first: int, count: int, radius: float) -> np.ndarray:
    """Where the pixels first, first + 1, … are, from the centre in radii, float32 (count,)."""
    return ((first + np.arange(count) - centre) / radius).astype(np.float32)


def _scratched(scratch: Scratch, x, y, radius: float) -> np.ndarray:
    """How much of each pixel the line covers, 0 to 1; x and y in radii."""
    cosine, sine = np.float32(math.cos(scratch.angle)), np.float32(math.sin(scratch.angle))
    along = np.abs(cosine * x + sine * y) - scratch.half_length
    across = np.abs(cosine * y - sine * x - scratch.distance)
    return np.clip(0.5 - np.maximum(radius * along, radius * across - scratch.half_width), 0, 1)
