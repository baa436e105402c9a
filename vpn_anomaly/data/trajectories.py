"""The digits, colours and trajectories of a sequence, drawn at random.

A digit's position is a point in the unit square. Scaled by the free range (frame size - 28) and
floored it is the pixel of the digit's upper left corner. Two rules move the point:

- `original`, as in the public generator: step first, then record; a coordinate at or beyond 0 or 1
  is set to the border and its velocity component changes sign.
- `reflect`: exact mirror reflection, a triangle wave in closed form; frame 0 is the start.

Speeds are in fractions of the free range per frame.
"""

import numpy as np

from vpn_anomaly.data.digits import GLYPH
from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform

# Math libraries differ in the last bit of a cosine. Rounded to multiples of 2⁻³² they agree, so a
# sequence is identical to the byte on every machine.
_VELOCITY_GRID = 2.0**32


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

    speed: (low, high); each digit's speed is uniform between them. rule: "original" or "reflect".
    """
    start_NxDx2, velocity_NxDx2 = _start_and_velocity(seed, split, index_N, digit_count, speed)
    place_NxTxDx2 = _PLACES[rule](start_NxDx2, velocity_NxDx2, frames)
    free_range_2 = np.array([height - GLYPH, width - GLYPH], np.float64)
    return np.floor(place_NxTxDx2 * free_range_2).astype(np.int32)


def _start_and_velocity(seed, split, index_N, digit_count, speed):
    bits = random_bits(seed, split, index_N, "motion", 4 * digit_count)
    uniform_NxDx4 = uniform(bits.reshape(-1, digit_count, 4))
    angle_NxD = 2 * np.pi * uniform_NxDx4[..., 2]
    low, high = speed
    speed_NxD = low + (high - low) * uniform_NxDx4[..., 3]
    direction_NxDx2 = np.stack([np.sin(angle_NxD), np.cos(angle_NxD)], axis=-1)
    direction_NxDx2 = np.round(direction_NxDx2 * _VELOCITY_GRID) / _VELOCITY_GRID
    return uniform_NxDx4[..., :2], speed_NxD[..., None] * direction_NxDx2


def _original_places(start_NxDx2, velocity_NxDx2, frames):
    place_NxTxDx2 = np.empty((start_NxDx2.shape[0], frames, *start_NxDx2.shape[1:]))
    place_NxDx2 = start_NxDx2
    for frame in range(frames):
        place_NxDx2 = place_NxDx2 + velocity_NxDx2
        bounced = (place_NxDx2 <= 0) | (place_NxDx2 >= 1)
        velocity_NxDx2 = np.where(bounced, -velocity_NxDx2, velocity_NxDx2)
        place_NxDx2 = np.clip(place_NxDx2, 0, 1)
        place_NxTxDx2[:, frame] = place_NxDx2
    return place_NxTxDx2


def _reflected_places(start_NxDx2, velocity_NxDx2, frames):
    time_Tx1x1 = np.arange(frames, dtype=np.float64)[:, None, None]
    unfolded_NxTxDx2 = start_NxDx2[:, None] + time_Tx1x1 * velocity_NxDx2[:, None]
    return 1 - np.abs(np.mod(unfolded_NxTxDx2, 2) - 1)


_PLACES = {"original": _original_places, "reflect": _reflected_places}
