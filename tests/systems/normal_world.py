"""A world to learn what is normal in: a thing with a texture walks over a still background."""

import functools
import math
from unittest import mock

import jax
import numpy as np

from vpn_anomaly.systems import normal_exemplars
from vpn_anomaly.systems.normality import NormalitySystem

HEIGHT, WIDTH = 38, 46  # no multiples of the cell
CELL, GAP, RADIUS, EXEMPLARS = 4, 2, 8, 400
FRAMES = 36  # of a clip
SPEED, ROW = 1.0, 12.0  # of what walks normally: pixels a frame, and where its middle is
HALF_HEIGHT, HALF_WIDTH = 6.0, 5.0


def waves(y, x, count, seed, shortest):
    """A texture of waves of `shortest` to 2·`shortest` pixels at any places, of unit variance."""
    rng = np.random.default_rng(seed)
    total = np.zeros(np.broadcast(y, x).shape)
    for number in range(count):
        part, length, phase = rng.uniform([0, shortest, 0], [1, 2 * shortest, 2 * math.pi])
        angle = math.pi * (number + part) / count
        total += np.cos(2 * math.pi * (math.sin(angle) * y + math.cos(angle) * x) / length + phase)
    return total / math.sqrt(count / 2)


def clip(seed, speed=SPEED, row=ROW, right=True, shortest=4.0, level=120.0, frames=FRAMES):
    """uint8 (T, H, W, 1): a thing crosses the picture at a speed, with its middle in a row.

    Args:
        seed: of the noise, and of the small differences between one walk and the next.
        right: it walks to the right.
        shortest: waves of its texture, pixels.
        level: its mean grey level.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    ground = 100 + 12 * waves(y, x, 20, 1234, 6.0)
    row, speed = row + rng.uniform(-1, 1), speed * rng.uniform(0.9, 1.1)
    start = rng.uniform(4, 8)
    images = []
    for frame in range(frames):
        column = start + speed * frame
        column = column if right else WIDTH - column
        down, across = y - row, x - column
        part = np.clip(HALF_HEIGHT + 0.5 - abs(down), 0, 1) * np.clip(HALF_WIDTH + 0.5 - abs(across), 0, 1)
        thing = level + 40 * np.tanh(waves(down, across, 20, 99, shortest))
        images.append(part * thing + (1 - part) * ground + rng.normal(0, 1.5, y.shape))
    return np.stack(images).round().clip(0, 255).astype(np.uint8)[..., None]


def normal_clips():
    return [clip(seed) for seed in range(4)]


def system(**fields):
    return NormalitySystem(**{"cell": CELL, "gap": GAP, "radius": RADIUS, "exemplars": EXEMPLARS, **fields})


@functools.cache
def fitted():
    """The parameters of `system()` fitted to `normal_clips`: to all frames and cells."""
    cells = 2000  # more than there are
    with mock.patch.multiple(normal_exemplars, BACKGROUND_FRAMES=4 * FRAMES, FRAMES=4 * FRAMES, CELLS=cells):
        return system().fit(normal_clips())


@functools.partial(jax.jit, static_argnames=("system", "frames"))
def maps_of(system, params, clip_BxTxHxWxC, frames):
    return system.maps(params, clip_BxTxHxWxC, np.zeros((1, 2), int), frames)
