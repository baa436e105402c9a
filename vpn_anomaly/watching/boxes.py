"""Where in a frame: the window that raised a score."""

import functools
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.scoring.scores import Score
from vpn_anomaly.systems.system import Maps


class Box(NamedTuple):
    """Rows top … bottom − 1 and columns left … right − 1, in pixels."""

    top: int
    left: int
    bottom: int
    right: int

    def scaled(self, size: tuple[int, int], new_size: tuple[int, int]) -> "Box":
        """The box in a frame of `size` (height, width), in that frame at a new size, rounded outwards."""
        (height, width), (new_height, new_width) = size, new_size
        return Box(
            self.top * new_height // height,
            self.left * new_width // width,
            -(-self.bottom * new_height // height),
            -(-self.right * new_width // width),
        )


def anomalous_box(score: Score, maps: Maps) -> Box | None:
    """The window of the greatest value of a score that finds events; the smaller and first of equals.

    Args:
      score: one with windows.
      maps: of one frame, (H, W).

    Returns:
      None where nothing counts, and where no window is above what is expected.
    """
    by_size = jax.device_get(_windows(maps, score.windows))
    size = max(by_size, key=lambda size: by_size[size].max())
    value = by_size[size]
    if not value.max() > 0:
        return None
    top, left = (int(edge) for edge in np.unravel_index(np.argmax(value), value.shape))
    height, width = maps.counted.shape
    return Box(top, left, min(top + size, height), min(left + size, width))


@functools.partial(jax.jit, static_argnames="windows")
def _windows(maps: Maps, windows):
    """A function of the module, so that frames of one size compile it once."""
    return windows(maps)
