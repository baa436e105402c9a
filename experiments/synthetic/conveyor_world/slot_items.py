"""The items at a slot of the belt, without and with a defect."""

import dataclasses
import math

from experiments.synthetic.conveyor_world import parts, shapes
from experiments.synthetic.conveyor_world.parts import Part, Scratch
from experiments.synthetic.conveyor_world.schedule import Event
from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform

_SHAPES_OF_KIND = {"turned_part": shapes.TURNABLE, "scratch": shapes.SCRATCHABLE}
TURNS = (math.radians(45), math.radians(135))  # in either direction
_SCRATCH_CONTRAST = (60.0, 80.0)  # grey levels, brighter or darker
_FOREIGN_RADIUS = (0.08, 0.1)  # in frame heights, as the next
_FOREIGN_ROWS = (0.3, 0.7)


def normal_items(
    seed: int, split: str, slot: float, event: Event | None, height: int, products: tuple[str, ...]
) -> tuple[Part, ...]:
    """The items at a slot without its defect: one product, of a shape on which the defect would be visible."""
    if slot % 1:
        return ()
    fit = _SHAPES_OF_KIND.get(event.kind if event else None, products)
    allowed = tuple(shape for shape in products if shape in fit)
    return (parts.normal_part(seed, split, int(slot), height, allowed),)


def defective_items(
    seed: int, split: str, normal: tuple[Part, ...], event: Event | None, height: int
) -> tuple[Part, ...]:
    """The items at a slot with its defect; unchanged if it has none."""
    if event is None:
        return normal
    bits_6 = random_bits(seed, split, [event.number], "defect", 6)[0]
    draw_6 = uniform(bits_6).tolist()
    if event.kind == "missing_part":
        return ()
    if event.kind == "foreign_object":
        shape = tuple(shapes.FOREIGN)[integers_below(bits_6[0], len(shapes.FOREIGN))]
        return (_foreign_object(shape, draw_6[1:], height),)
    (part,) = normal
    sign = 1 if draw_6[0] < 0.5 else -1
    if event.kind == "turned_part":
        return (dataclasses.replace(part, angle=part.angle + sign * _between(TURNS, draw_6[1])),)
    scratch = Scratch(
        angle=math.pi * draw_6[1],
        distance=_between((-0.55, 0.55), draw_6[2]),
        half_length=_between((0.75, 0.95), draw_6[3]),
        half_width=_between((0.6, 1.0), draw_6[4]),
        contrast=sign * _between(_SCRATCH_CONTRAST, draw_6[5]),
    )
    return (dataclasses.replace(part, scratch=scratch),)


def _foreign_object(shape: str, draw_5: list[float], height: int) -> Part:
    size, row, brightness, angle, ahead = draw_5
    return Part(
        shape=shape,
        ahead=parts.PLACE_VARIATION * height * (ahead - 0.5),
        row=_between(_FOREIGN_ROWS, row) * height,
        radius=_between(_FOREIGN_RADIUS, size) * height,
        brightness=_between(parts.BRIGHTNESS, brightness),
        angle=2 * math.pi * angle,
    )


def _between(low_high: tuple[float, float], share: float) -> float:
    low, high = low_high
    return low + (high - low) * share
