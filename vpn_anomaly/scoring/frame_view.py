"""A frame as people look at it: the frame, what the model predicts, and where it is surprised."""

from typing import NamedTuple

import numpy as np

from vpn_anomaly.systems.system import Maps

# The map that is shown, the first that there is: the tails say more than −log q(x) alone.
SHOWN_MAPS = ("tail", "nll", "detail")


class FrameView(NamedTuple):
    """Plain arrays, small enough to be kept: without the maps that they were made of.

    Attributes:
        frame_HxWxC: uint8, grey (C = 1) or RGB (C = 3).
        prediction_HxWx1: uint8, see `prediction`.
        surprise_HxW: float32, see `surprise`; nats.
        map_name: the map that `surprise_HxW` is made of.
        less_expected: whether the expectation of that map is subtracted.
    """

    frame_HxWxC: np.ndarray
    prediction_HxWx1: np.ndarray
    surprise_HxW: np.ndarray
    map_name: str
    less_expected: bool


def frame_view(frame_HxWxC: np.ndarray, maps: Maps) -> FrameView:
    """The view of a uint8 frame and its maps, (H, W) each."""
    name = surprise_map_name(maps)
    return FrameView(frame_HxWxC, prediction(maps), surprise(maps), name, name in maps.mean)


def surprise_map_name(maps: Maps) -> str:
    """The map behind the score of motion, or of details; in nats."""
    return next(name for name in SHOWN_MAPS if name in maps.value)


def surprise(maps: Maps) -> np.ndarray:
    """That map less its expectation where it has one, float32 (H, W); 0 where pixels do not count."""
    name = surprise_map_name(maps)
    return np.asarray((maps.value[name] - maps.mean.get(name, 0)) * maps.counted, np.float32)


def prediction(maps: Maps) -> np.ndarray:
    """The predicted mean, grey (the mean over colours), uint8 (H, W, 1).

    A pixel that does not count shows the frame.
    """
    # `missing` is the predicted mean less the value.
    mean_HxW = np.where(maps.counted, maps.intensity + maps.value["missing"], maps.intensity)
    return np.rint(255 * mean_HxW.clip(0, 1)).astype(np.uint8)[..., None]
