"""Outlines of the items on the belt as signed distance functions, negative inside.

Each takes arrays x (rightwards) and y (downwards) in units of the radius, and returns distances in the same
unit, exact near straight and round edges and approximate at corners. No shape extends further than REACH from
its centre.
"""

import numpy as np

REACH = 1.25


def washer(x, y):
    """A ring."""
    return np.abs(np.hypot(x, y) - 0.71) - 0.29


def gear(x, y):
    """Ten teeth and a bore."""
    radius = np.hypot(x, y)
    teeth = np.clip(2.5 * np.cos(10 * np.arctan2(y, x)), -1, 1)
    return np.maximum(radius - 0.88 - 0.12 * teeth, 0.32 - radius)


def bracket(x, y):
    """An L shape with a hole in each arm."""
    arms = np.minimum(_box(x + 0.5, y, 0.35, 0.85), _box(x, y - 0.5, 0.85, 0.35))
    holes = np.minimum(_disc(x + 0.5, y + 0.4, 0.17), _disc(x - 0.4, y - 0.5, 0.17))
    return np.maximum(arms, -holes)


def plate(x, y):
    """A rectangle with a hole in every corner and a slot."""
    holes = np.minimum(_disc(np.abs(x) - 0.7, np.abs(y) - 0.4, 0.15), _box(x, y, 0.35, 0.11))
    return np.maximum(_box(x, y, 1.0, 0.68), -holes)


def link(x, y):
    """Two rings joined by a bar."""
    eyes = _disc(np.abs(x) - 0.66, y, 0.36)
    return np.maximum(np.minimum(eyes, _box(x, y, 0.6, 0.17)), -_disc(np.abs(x) - 0.66, y, 0.16))


def bolt(x, y):
    """A head and a threaded shaft."""
    thread = 0.04 * np.cos(24 * x)
    return np.minimum(_box(x + 0.72, y, 0.28, 0.52), _box(x - 0.25, y, 0.85, 0.22) - thread)


def star(x, y):
    """Five points."""
    wedge = np.abs(np.mod(np.arctan2(y, x) / (2 * np.pi / 5) + 0.5, 1) - 0.5) * (2 * np.pi / 5)
    radius = np.hypot(x, y)
    return 0.75 * (radius * np.cos(wedge) + 1.25 * radius * np.sin(wedge) - 1.1)


def leaf(x, y):
    """Two arcs that meet in two tips."""
    return np.hypot(x, np.abs(y) + 0.75) - 1.3


PARTS = {shape.__name__: shape for shape in (washer, gear, bracket, plate, link)}
FOREIGN = {shape.__name__: shape for shape in (bolt, star, leaf)}
SHAPES = {**PARTS, **FOREIGN}
# A belt with n products carries the first n; on the first, every kind of defect is visible.
PRODUCTS = ("plate", "washer", "gear", "bracket", "link")
TURNABLE = ("bracket", "plate", "link")  # look different after any rotation by 45 to 135 degrees
SCRATCHABLE = ("washer", "gear", "plate")  # any line through the middle third crosses enough metal


def _box(x, y, half_width, half_height):
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def _disc(x, y, radius):
    return np.hypot(x, y) - radius
