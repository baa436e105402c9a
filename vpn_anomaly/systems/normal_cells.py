"""What a cell of a frame shows, in groups of numbers; each group says another way in which it can be unusual."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from vpn_anomaly.ops.cell_features import edges, foreground, window_means
from vpn_anomaly.ops.cell_motion import cell_motion, median_of_neighbours

POOL = 2  # pixels of the frame in a pixel of what is matched
WINDOW = 3  # cells; a thing's size
PRESENT = 0.06  # part of a window that is foreground where something is
CHANGING = 3.0  # grey levels of mean change where something happens
MATCHED = 0.1  # part of a window that is foreground where motion can be measured
EXPLAINED = 16.0  # squared grey levels by which a displacement is better than none
UNIQUE = 0.5  # the best displacement costs at most this part of any other
MOVING = 0.25  # pixels a frame, from which on there is a direction
# What the groups are made of, and how much each number weighs in distances.
WEIGHTS = {
    "speed": (1.0,),
    "direction": (1.0, 1.0, 0.5, 0.5),
    "presence": (1.0, 1.0, 2.0, 2.0),
    "change": (1.0, 1.0, 1.0),
    "appearance": (1.0, 1.0, *(0.5,) * 8),
}
GROUPS = tuple(WEIGHTS)


class Group(NamedTuple):
    """One group of numbers of the cells of B frames.

    Attributes:
        value: (B, h, w, F).
        there: whether the cell has them, bool (B, h, w).
    """

    value: jax.Array
    there: jax.Array


def cell_groups(
    frame_BxHxW: jax.Array,
    before_BxHxW: jax.Array,
    earlier_BxHxW: jax.Array,
    background_HxW: jax.Array,
    noise: jax.Array,
    gap: int,
    radius: int,
    cell: int,
) -> dict[str, Group]:
    """The groups of every cell, by name, from pooled frames.

    - speed: pixels a frame, at the size before pooling;
    - direction: its unit vector, and the place in the picture (0..1);
    - presence: part of the window that is foreground, mean distance from the background, and the place;
    - change: mean and root mean square of the change since the frame before, and edges in the foreground;
    - appearance: these edges, mean distance from the background, and the shares of the edges' orientations.

    Args:
        before_BxHxW: the frame before.
        earlier_BxHxW: the frame `gap` frames before.
        noise: grey levels that a frame of the background differs from it.
    """
    present_BxHxW = foreground(frame_BxHxW, background_HxW, noise)
    change = jnp.abs(frame_BxHxW - before_BxHxW)
    strength, share = edges(frame_BxHxW)
    strength = strength * present_BxHxW
    difference = jnp.abs(frame_BxHxW - background_HxW)
    maps = [change, change**2, strength, present_BxHxW, difference]
    by_orientation = strength[..., None] * share
    means = window_means(jnp.concatenate([jnp.stack(maps, -1), by_orientation], -1), cell, WINDOW)
    change, squared, edge, foreground_part, distance = jnp.moveaxis(means[..., :5], -1, 0)
    motion = cell_motion(frame_BxHxW, earlier_BxHxW, present_BxHxW, radius, cell, WINDOW)
    matched = (motion.weight > MATCHED) & (motion.still - motion.least > EXPLAINED)
    matched &= motion.least < UNIQUE * motion.other
    down, right = (
        median_of_neighbours(jnp.where(matched, component, 0.0)) * (POOL / gap)
        for component in (motion.down, motion.right)
    )
    speed = jnp.hypot(down, right)
    there = (foreground_part > PRESENT) | (change > CHANGING)
    place = jnp.meshgrid(*(jnp.linspace(0, 1, size) for size in speed.shape[1:]), indexing="ij")
    row, column = (jnp.broadcast_to(axis, speed.shape) for axis in place)
    orientation = means[..., 5:] / (means[..., 5:].sum(-1, keepdims=True) + 0.5)
    together = lambda *values: jnp.stack(values, -1)
    unit = lambda component: component / jnp.maximum(speed, MOVING)
    spread = jnp.sqrt(jnp.maximum(squared, 0))
    looks = jnp.concatenate([together(edge, distance), orientation], -1)
    return {
        "speed": Group(together(speed), matched),
        "direction": Group(together(unit(down), unit(right), row, column), matched & (speed > MOVING)),
        "presence": Group(together(foreground_part, distance, row, column), there),
        "change": Group(together(change, spread, edge), there),
        "appearance": Group(looks, there),
    }
