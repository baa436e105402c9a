"""A recording that stops for a long time is watched in pieces, as a stream that was lost is."""

import collections
import statistics
from collections.abc import Callable, Iterable, Iterator

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.watching.live import LiveFrame

LONGEST_STEPS = 20  # usual ones
RECENT = 1001  # steps, whose median is the usual one


def pieces(frames: Iterable[Frame], longest_gap: float, tell: Callable[[str], None]) -> Iterator[LiveFrame]:
    """The frames, each with the number of its piece, from 0; index and time go on as they are.

    A new piece begins after more than `longest_gap` seconds without frames that are also more than
    LONGEST_STEPS times the median of the RECENT last steps: a camera with a frame a minute has no gaps.
    `tell` is called with one line where one begins.
    """
    piece, last, steps = 0, None, collections.deque(maxlen=RECENT)
    for frame in frames:
        if last is not None:
            step = frame.time - last.time
            if step > longest_gap and steps and step > LONGEST_STEPS * statistics.median(steps):
                piece += 1
                tell(f"{step:.0f} s without frames after frame {last.index}: a new piece begins")
            steps.append(step)
        last = frame
        yield LiveFrame(frame, piece)
