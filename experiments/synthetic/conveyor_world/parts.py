"""The parts on the belt, one per regularly spaced slot, and how they are drawn.

Lengths are in pixels; slot numbers start at 0 and increase with time.
"""

import dataclasses
import math

import numpy as np

from experiments.synthetic.conveyor_world import shapes
from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform

SPACING = 0.8  # between slots, in frame heights, as RADIUS, ROW_VARIATION and PLACE_VARIATION
RADIUS = 0.19
SIZE_VARIATION = 0.05  # relative to the radius
ROW_VARIATION = 0.06
PLACE_VARIATION = 0.03  # along the belt
ANGLE_VARIATION = math.radians(7)
BRIGHTNESS = (150.0, 185.0)  # grey levels
SHADOW_WIDTH = 2.0  # pixels
_SHADOW_DEPTH = 0.45
_BEVEL_WIDTH = 3.0  # pixels
_BEVEL_DEPTH = 0.18
_SHEEN = 7.0  # grey levels per radius, brighter towards the upper left


@dataclasses.dataclass(frozen=True)
class Scratch:
    """A straight line on a part.

    Attributes:
      angle: direction relative to the part, radians.
      distance: distance of the line from the part's centre, in radii.
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
    """An item on the belt.

    Attributes:
      shape: a name in shapes.SHAPES.
      ahead: offset of its centre to the right of its slot, pixels.
      row: row of its centre, pixels.
      radius: pixels.
      brightness: grey level.
      angle: clockwise rotation, radians.
      scratch: a scratch on it, if any.
    """

    shape: str
    ahead: float
    row: float
    radius: float
    brightness: float
    angle: float
    scratch: Scratch | None = None


def furthest_reach(height: int) -> float:
    """The largest distance of any pixel of a part or its shadow from its slot, pixels."""
    radius = RADIUS * (1 + SIZE_VARIATION) * shapes.REACH
    return height * (radius + PLACE_VARIATION) + SHADOW_WIDTH + 1


def normal_part(seed: int, split: str, slot: int, height: int, allowed: tuple[str, ...]) -> Part:
    """The part at a slot without a defect, with one of the allowed shapes."""
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
    """Draws a part and its shadow onto a float32 canvas of grey levels, in place.

    Edges are antialiased over one pixel, so the centre may be at any sub-pixel position.

    Args:
      column: column of the part's slot; anything outside the canvas is clipped.
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
    """Positions of the pixels first, first + 1, … relative to the centre, in radii, float32 (count,)."""
    return ((first + np.arange(count) - centre) / radius).astype(np.float32)


def _scratched(scratch: Scratch, x, y, radius: float) -> np.ndarray:
    """The fraction of each pixel covered by the scratch, 0 to 1; x and y in radii."""
    cosine, sine = np.float32(math.cos(scratch.angle)), np.float32(math.sin(scratch.angle))
    along = np.abs(cosine * x + sine * y) - scratch.half_length
    across = np.abs(cosine * y - sine * x - scratch.distance)
    return np.clip(0.5 - np.maximum(radius * along, radius * across - scratch.half_width), 0, 1)
