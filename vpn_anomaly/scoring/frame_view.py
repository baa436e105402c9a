"""A frame as people look at it: the frame, what the model predicts, and where it is surprised."""

from typing import NamedTuple

import numpy as np

from vpn_anomaly.ops.nearest import at_size
from vpn_anomaly.scoring.scores import SCORES
from vpn_anomaly.systems.system import Maps

# The map that is shown, the first that there is: the tails say more than −log q(x) alone.
SHOWN_MAPS = ("tail", "nll", "detail")
# Of a system that has none of them: the largest of its maps at each pixel, which are in nats too.
LARGEST = "largest"
PREDICTION = "missing"  # the map that the prediction is made of: the predicted mean less the value


class FrameView(NamedTuple):
    """Plain arrays, small enough to be kept: without the maps that they were made of.

    Attributes:
        frame_HxWxC: uint8, grey (C = 1) or RGB (C = 3).
        prediction_HxWx1: uint8, see `prediction`, at the size of the maps; None: the system predicts no
            frames.
        surprise_HxW: float32, see `surprise`, at the size of the frame; nats.
        map_name: the map that `surprise_HxW` is made of, or LARGEST.
        less_expected: whether the expectation of that map is subtracted.
    """

    frame_HxWxC: np.ndarray
    prediction_HxWx1: np.ndarray | None
    surprise_HxW: np.ndarray
    map_name: str
    less_expected: bool


def frame_view(frame_HxWxC: np.ndarray, maps: Maps, kind: str = "") -> FrameView:
    """The view of a uint8 frame and its maps, which may be of another size.

    kind: of the event that is shown; see `surprise_map_name`.
    """
    name = surprise_map_name(maps, kind)
    prediction_HxWx1 = prediction(maps) if PREDICTION in maps.value else None
    surprise_HxW = at_size(surprise(maps, kind), *frame_HxWxC.shape[:2])
    return FrameView(frame_HxWxC, prediction_HxWx1, surprise_HxW, name, name in maps.mean)


def surprise_map_name(maps: Maps, kind: str = "") -> str:
    """The map that is shown.

    The one behind the score of motion, or of details; where there is none of them, the one behind the
    score that finds this kind of event, or LARGEST.
    """
    of_kind = [score.map for score in SCORES if kind and score.event_kind == kind]
    return next((name for name in (*SHOWN_MAPS, *of_kind) if name in maps.value), LARGEST)


def surprise(maps: Maps, kind: str = "") -> np.ndarray:
    """That map less its expectation where it has one, float32 (H, W); 0 where pixels do not count."""
    name = surprise_map_name(maps, kind)
    names = tuple(maps.value) if name == LARGEST else (name,)
    excess = [(maps.value[one] - maps.mean.get(one, 0)) * maps.counted for one in names]
    return np.asarray(excess[0] if len(excess) == 1 else np.max(excess, axis=0), np.float32)


def prediction(maps: Maps) -> np.ndarray:
    """The predicted mean, grey (the mean over colours), uint8 (H, W, 1).

    A pixel that does not count shows the frame.
    """
    mean_HxW = np.where(maps.counted, maps.intensity + maps.value[PREDICTION], maps.intensity)
    return np.rint(255 * mean_HxW.clip(0, 1)).astype(np.uint8)[..., None]
