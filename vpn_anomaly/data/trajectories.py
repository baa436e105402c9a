"""The digits, colours and trajectories of a sequence, drawn at random.

A digit's position is a point in the unit square. Scaled by the free range (frame size - 28) and
floored it is the pixel of the digit's upper left corner. The rules that move the point:

- `original`, as in the public generator: step first, then record; a coordinate at or beyond 0 or 1
  is set to the border and its velocity component changes sign.
- `reflect`: exact mirror reflection, a triangle wave in closed form; frame 0 is the start.
- `turning`: as `original`, but at a border the new direction is uniform among those that lead away from it.
- `wandering`: as `original`, but the angle changes by N(0, 20°) before every step.

With the first two the past fixes what comes next; with the others it does not. Speeds are in fractions of
the free range per frame.
"""

import numpy as np

from vpn_anomaly.data.digits import GLYPH
from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform

WANDERING = 20  # degrees, the standard deviation of a change of angle
# Math libraries differ in the last bit of a cosine. Rounded to multiples of 2⁻³² they agree, so a
# sequence is identical to the byte on every machine.
_GRID = 2.0**32


def digit_choices(seed, split, index_N, digit_count: int, glyphs: int) -> np.ndarray:
    """The glyph of each digit of a sequence, among the split's `glyphs` many: int64 (N, D)."""
    return integers_below(random_bits(seed, split, index_N, "digit", digit_count), glyphs)


def tints(seed, split, index_N, digit_count: int) -> np.ndarray:
    """One colour per digit, uint8 (N, D, 3): a random channel is 255, the others are uniform."""
    bits = random_bits(seed, split, index_N, "colour", 4 * digit_count)
    bits_NxDx4 = bits.reshape(-1, digit_count, 4)
    tint_NxDx3 = integers_below(bits_NxDx4[..., :3], 256).astype(np.uint8)
    full_NxDx1 = integers_below(bits_NxDx4[..., 3:], 3)
    np.put_along_axis(tint_NxDx3, full_NxDx1, 255, axis=-1)
    return tint_NxDx3


def positions(
    seed,
    split,
    index_N,
    *,
    frames: int,
    digit_count: int,
    height: int,
    width: int,
    rule: str,
    speed: tuple[float, float],
) -> np.ndarray:
    """Row and column of every digit's upper left corner, int32 (N, T, D, 2).

    speed: (low, high); each digit's speed is uniform between them. rule: one of those above.
    """
    start_NxDx2, angle_NxD, speed_NxD = _start(seed, split, index_N, digit_count, speed)

    def drawn_NxTxDxC(count: int) -> np.ndarray:
        """Uniform numbers for every step; those of the first steps do not depend on how many follow."""
        bits = random_bits(seed, split, index_N, "turns", frames * digit_count * count)
        return uniform(bits.reshape(-1, frames, digit_count, count))

    places = _PLACES[rule](start_NxDx2, angle_NxD, speed_NxD, frames, drawn_NxTxDxC)
    place_NxTxDx2 = np.stack(list(places), axis=1)
    free_range_2 = np.array([height - GLYPH, width - GLYPH], np.float64)
    return np.floor(place_NxTxDx2 * free_range_2).astype(np.int32)


def _start(seed, split, index_N, digit_count, speed):
    """Where each digit starts, (N, D, 2), its angle and its speed, (N, D)."""
    bits = random_bits(seed, split, index_N, "motion", 4 * digit_count)
    uniform_NxDx4 = uniform(bits.reshape(-1, digit_count, 4))
    low, high = speed
    return (
        uniform_NxDx4[..., :2],
        2 * np.pi * uniform_NxDx4[..., 2],
        low + (high - low) * uniform_NxDx4[..., 3],
    )


def _velocity(angle_NxD, speed_NxD):
    """(N, D, 2): an angle of 0 leads along a row, of π/2 down a column."""
    direction_NxDx2 = np.stack([np.sin(angle_NxD), np.cos(angle_NxD)], axis=-1)
    return speed_NxD[..., None] * _on_grid(direction_NxDx2)


def _on_grid(x):
    return np.round(x * _GRID) / _GRID


# The rules yield the place of every digit frame by frame, (N, D, 2).


def _original_places(place_NxDx2, angle_NxD, speed_NxD, frames, drawn_NxTxDxC):
    velocity_NxDx2 = _velocity(angle_NxD, speed_NxD)
    for _ in range(frames):
        place_NxDx2, border_NxDx2 = _stepped(place_NxDx2, velocity_NxDx2)
        velocity_NxDx2 = np.where(border_NxDx2 != 0, -velocity_NxDx2, velocity_NxDx2)
        yield place_NxDx2


def _reflected_places(place_NxDx2, angle_NxD, speed_NxD, frames, drawn_NxTxDxC):
    velocity_NxDx2 = _velocity(angle_NxD, speed_NxD)
    for frame in range(frames):
        yield 1 - np.abs(np.mod(place_NxDx2 + frame * velocity_NxDx2, 2) - 1)


def _turning_places(place_NxDx2, angle_NxD, speed_NxD, frames, drawn_NxTxDxC):
    """At a border, uniform in the half plane that leads away from it; in a corner, in the quarter."""
    turn_NxTxD = drawn_NxTxDxC(1)[..., 0]
    for frame in range(frames):
        place_NxDx2, border_NxDx2 = _stepped(place_NxDx2, _velocity(angle_NxD, speed_NxD))
        inward_NxD = np.arctan2(border_NxDx2[..., 0], border_NxDx2[..., 1])
        width_NxD = np.pi / np.maximum(np.abs(border_NxDx2).sum(-1), 1)
        turned_NxD = inward_NxD + width_NxD * (turn_NxTxD[:, frame] - 0.5)
        angle_NxD = np.where(border_NxDx2.any(-1), turned_NxD, angle_NxD)
        yield place_NxDx2


def _wandering_places(place_NxDx2, angle_NxD, speed_NxD, frames, drawn_NxTxDxC):
    first_NxTxD, second_NxTxD = np.moveaxis(drawn_NxTxDxC(2), -1, 0)
    normal_NxTxD = np.sqrt(-2 * np.log1p(-first_NxTxD)) * np.cos(2 * np.pi * second_NxTxD)  # Box and Muller
    change_NxTxD = _on_grid(np.radians(WANDERING) * normal_NxTxD)
    for frame in range(frames):
        angle_NxD = angle_NxD + change_NxTxD[:, frame]
        place_NxDx2, border_NxDx2 = _stepped(place_NxDx2, _velocity(angle_NxD, speed_NxD))
        angle_NxD = np.where(border_NxDx2[..., 0] != 0, -angle_NxD, angle_NxD)
        angle_NxD = np.where(border_NxDx2[..., 1] != 0, np.pi - angle_NxD, angle_NxD)
        yield place_NxDx2


def _stepped(place_NxDx2, velocity_NxDx2):
    """The next place, and which way a border at which it is leads inward: 1, −1, or 0 within, (N, D, 2)."""
    place_NxDx2 = place_NxDx2 + velocity_NxDx2
    border_NxDx2 = (place_NxDx2 <= 0) - (place_NxDx2 >= 1).astype(np.float64)
    return np.clip(place_NxDx2, 0, 1), border_NxDx2


_PLACES = {
    "original": _original_places,
    "reflect": _reflected_places,
    "turning": _turning_places,
    "wandering": _wandering_places,
}
