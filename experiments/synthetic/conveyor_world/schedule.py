"""Motion of the belt over time, and times and kinds of the defects."""

import dataclasses
import math

import numpy as np

from experiments.synthetic.conveyor_world import parts
from vpn_anomaly.data.random_bits import random_bits, uniform
from vpn_anomaly.errors import UserError

PART_KINDS = ("missing_part", "turned_part", "scratch")
BELT_KINDS = ("belt_stopped", "belt_reversed")
KINDS = (*PART_KINDS, "foreign_object", *BELT_KINDS)

SPEEDS = (2.3, 2.7)  # range of mean speeds, pixels per frame
_SPEED_WAVE = 0.2  # amplitude around the mean, pixels per frame
_SPEED_PERIOD = 20.0  # seconds
LEAST_SPEED = SPEEDS[0] - _SPEED_WAVE
NORMAL_SECONDS = 5.0  # minimum before, between and after defects
BELT_SECONDS = 2.0  # for which the belt stops or runs backwards
_SPEED_FACTOR = {"belt_stopped": 0.0, "belt_reversed": -1.0}


@dataclasses.dataclass(frozen=True)
class Event:
    """A scheduled defect.

    Attributes:
      kind: a name in KINDS.
      number: index of the defect in the video, which keys its random numbers.
      first, end: half-open range of frames in which the belt moves wrongly; only for BELT_KINDS.
      slot: slot of the part or object, n + 0.5 for between slots n and n + 1; only for other kinds.
    """

    kind: str
    number: int
    first: int | None = None
    end: int | None = None
    slot: float | None = None


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The defects and the motion of the belt.

    Attributes:
      events: the defects in temporal order.
      offset_T: displacement of the belt to the right at each frame, pixels.
      normal_offset_T: the same as if the current belt event had not happened; equal outside belt events.
    """

    events: tuple[Event, ...]
    offset_T: np.ndarray
    normal_offset_T: np.ndarray


def make_schedule(
    seed: int, split: str, *, frames: int, height: int, width: int, rate: float, defects: int
) -> Schedule:
    """The schedule of a video.

    Every defect gets a window long enough for any position of the slots. The time left besides the windows
    and NORMAL_SECONDS around each is distributed randomly.

    Raises:
      UserError: the windows do not fit into the video.
    """
    kinds = [_kind(seed, split, number) for number in range(defects)]
    gap, belt_frames = math.ceil(NORMAL_SECONDS * rate), round(BELT_SECONDS * rate)
    spacing, reach = parts.SPACING * height, parts.furthest_reach(height)
    pass_frames = math.ceil((width + 2 * reach + spacing) / LEAST_SPEED) + 1
    windows = [belt_frames if kind in BELT_KINDS else pass_frames for kind in kinds]
    spare = frames - sum(windows) - gap * (defects + 1)
    if defects and spare < 0:
        needed = math.ceil((frames - spare) / rate / 6) / 10
        raise UserError(
            f"{defects} defects need a video of {needed} minutes, it has "
            f"{frames / rate / 60:.4g}; give fewer defects or more minutes"
        )
    share_D = np.sort(uniform(random_bits(seed, split, [0], "waiting", defects)[0]))
    speed_T = _normal_speeds(seed, split, frames, rate)
    # Far enough that all slots in view are 0 or more.
    normal_offset_T = width + reach + 2 * spacing + np.cumsum(speed_T)
    offset_T = normal_offset_T.copy()
    events, start = [], gap
    for number, (kind, window, share) in enumerate(zip(kinds, windows, share_D, strict=True)):
        first = start + int(share * spare)
        start += window + gap
        if kind in BELT_KINDS:
            end = first + window
            events.append(Event(kind, number, first=first, end=end))
            offset_T[first:] += (_SPEED_FACTOR[kind] - 1) * np.cumsum(
                speed_T[first:] * (np.arange(first, frames) < end)
            )
            normal_offset_T[end:] = offset_T[end:]
        else:
            between = 0.5 if kind == "foreign_object" else 0.0
            slot = math.floor((offset_T[first] + reach) / spacing - between) + 1 + between
            events.append(Event(kind, number, slot=slot))
    return Schedule(tuple(events), offset_T, normal_offset_T)


def _kind(seed: int, split: str, number: int) -> str:
    """Kinds in a random order, all once before any comes again."""
    turn, place = divmod(number, len(KINDS))
    order = np.argsort(random_bits(seed, split, [turn], "order", len(KINDS))[0], stable=True)
    return KINDS[order[place]]


def _normal_speeds(seed: int, split: str, frames: int, rate: float) -> np.ndarray:
    """Pixels that the belt moves from the frame before to each frame, (T,)."""
    slowest, fastest = SPEEDS
    # The mean is of no split: training and test watch one machine.
    share = uniform(random_bits(seed, "train", [0], "speed", 1)[0, 0])
    start = uniform(random_bits(seed, split, [0], "speed wave", 1)[0, 0])
    turn_T = np.arange(frames) / (_SPEED_PERIOD * rate) + start
    return slowest + (fastest - slowest) * share + _SPEED_WAVE * np.sin(2 * np.pi * turn_T)
