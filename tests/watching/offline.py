"""Events from whole arrays: the rules of watching/events.py, written a second time.

No state is carried from frame to frame: every question is asked of all frames at once.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Found:
    """An event by frame indices; `begins` and `ends` are the frames that tell of it."""

    kind: str
    start: int
    end: int
    kept_from: int
    kept_to: int
    peak: int
    frames: int
    begins: int
    ends: int | None  # None: the stream ended first


def guarded_frames(light_T, after: int) -> np.ndarray:
    """Guarded are a frame with a change of light and the `after` frames that follow it."""
    return np.array([light_T[max(0, t - after) : t + 1].any() for t in range(len(light_T))])


def find_events(kind, p_T, score_T, light_T, settings) -> list[Found]:
    count = len(p_T)
    guarded_T = guarded_frames(light_T, settings.light_change)
    opens_T = (p_T <= settings.open_p) & ~guarded_T
    stays_T = p_T <= settings.close_p
    found, first = [], 0
    while (frames := first_event(opens_T, stays_T, first, settings.merge_gap)) is not None:
        light_ahead = np.flatnonzero(guarded_T & (np.arange(count) > frames[0]))
        light = light_ahead[0] if len(light_ahead) else count
        enough = len(frames) >= settings.minimum_frames
        if enough and frames[settings.minimum_frames - 1] < light:
            start, end = int(frames[0]), int(frames[-1])
            clear = frames[~guarded_T[frames]]
            ends = end + settings.merge_gap + 1
            found.append(
                Found(
                    kind,
                    start,
                    end,
                    max(0, start - settings.before),
                    min(count - 1, end + settings.after),
                    int(clear[np.argmax(score_T[clear])]),
                    len(frames),
                    int(frames[settings.minimum_frames - 1]),
                    ends if ends < count else None,
                )
            )
            first = end + 1
        else:
            first = min(light, frames[-1] + 1)
    return found


def first_event(opens_T, stays_T, first: int, merge_gap: int):
    """The anomalous frames of the first event from frame `first` on, None if there is none."""
    time = np.arange(len(opens_T))
    considered = time >= first
    # A frame is in a run if a frame opened it since the last one that could not stay in any.
    opened = np.maximum.accumulate(np.where(opens_T & considered, time, -1))
    closed = np.maximum.accumulate(np.where(stays_T, -1, time))
    anomalous = np.flatnonzero((opened > closed) & considered)
    if not len(anomalous):
        return None
    gaps = np.flatnonzero(np.diff(anomalous) - 1 > merge_gap)
    return anomalous[: gaps[0] + 1] if len(gaps) else anomalous
