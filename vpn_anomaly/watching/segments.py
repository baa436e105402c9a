"""A recording that stops for a long time is watched in segments, as a stream that was lost is."""

import collections
import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from vpn_anomaly.data.video.open_video import Frame

LONGEST_STEPS = 20  # usual ones
RECENT = 1001  # steps, whose median is the usual one


class SegmentFrame(NamedTuple):
    """A frame, and which segment of its source it belongs to, from 0.

    Index and time of the frame go on from segment to segment; what a model remembers does not.
    """

    frame: Frame
    segment: int


def segments(
    frames: Iterable[Frame], longest_gap: float, notify: Callable[[str], None]
) -> Iterator[SegmentFrame]:
    """The frames, each with the number of its segment.

    A new segment begins after more than `longest_gap` seconds without frames that are also more than
    LONGEST_STEPS times the median of the RECENT last steps: a camera with a frame per minute has no
    gaps. `notify` is called with one line where one begins.
    """
    segment, last, steps = 0, None, collections.deque(maxlen=RECENT)
    for frame in frames:
        if last is not None:
            step = frame.time - last.time
            if step > longest_gap and steps and step > LONGEST_STEPS * statistics.median(steps):
                segment += 1
                notify(f"{step:.0f} s without frames after frame {last.index}: a new segment begins")
            steps.append(step)
        last = frame
        yield SegmentFrame(frame, segment)
