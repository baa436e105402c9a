"""Strictly increasing frame times from timestamps with all the faults that recorders cause."""

import collections
import statistics
from collections.abc import Iterator

WINDOW = 7  # frames that are examined before a timestamp counts as wrong, or as of a restarted counter
# Steps of up to this many usual ones are accepted at once.
PLAIN_STEPS = 3
RESTARTED = 3  # increasing timestamps before the last time, and more than those after it: a restart
RECENT = 31  # steps whose median is the usual step


def by_timestamps(pictures: Iterator[tuple], step: float) -> Iterator[tuple]:
    """Yields (index, seconds since the first frame, picture), with strictly increasing seconds.

    A timestamp that does not fit its neighbours (far ahead, behind, repeated) is replaced by a time in
    between and affects no other. If timestamps stay behind (concatenated streams, a restarted counter),
    time continues from the last frame by the usual step. Without timestamps it advances by steps.
    Frames are held back only if a timestamp is unexpected, and the first one until the second.

    Args:
        pictures: (index, seconds from an arbitrary zero or None, picture), in presentation order.
        step: seconds from index to index if timestamps do not determine it.
    """
    timeline, waiting = _Timeline(step), collections.deque()

    def wait_for(count: int) -> None:
        while len(waiting) < count and (picture := next(pictures, None)) is not None:
            waiting.append(picture)

    while True:
        wait_for(1 if timeline.begun else 2)
        if not waiting:
            return
        if not timeline.is_plain(waiting):
            wait_for(WINDOW)
        seconds = timeline.seconds([entry[:2] for entry in waiting])
        index, _, picture = waiting.popleft()
        yield index, seconds, picture


def by_clock(pictures: Iterator[tuple], step: float) -> Iterator[tuple]:
    """Yields (index, seconds since the first picture, picture) for pictures timed by a clock.

    If a coarse clock has not advanced, the seconds increase by `step`.
    """
    offset = last = None
    for index, seconds, picture in pictures:
        if offset is None:
            offset = -seconds
        elif seconds + offset <= last:
            offset = last + step - seconds
        last = seconds + offset
        yield index, last, picture


class _Timeline:
    """Computes the time of one frame after another. Below, frames are (index, timestamp or None)."""

    def __init__(self, step: float):
        self._step, self._steps = step, collections.deque(maxlen=RECENT)
        self._offset = None  # added to a timestamp
        self._index = self._last = None  # index and time of the last frame
        self._anchor = None  # (index, seconds) from which steps are counted without timestamps

    @property
    def begun(self) -> bool:
        return self._last is not None

    def is_plain(self, frames) -> bool:
        """Whether the timestamp of the first frame is plausible without examining those after it."""
        stamps = [stamp for _, stamp, *_ in frames]
        if self.begun:
            return stamps[0] is None or self._follows(frames[0][0], stamps[0])
        if len(stamps) < 2 or None in stamps:
            return True
        return self._is_usual(frames[1][0] - frames[0][0], stamps[1] - stamps[0])

    def seconds(self, frames) -> float:
        """The time of the first of the frames, which becomes the last one."""
        index, stamp = frames[0]
        if not self.begun:
            seconds = self._begin(frames)
        elif stamp is None:
            seconds = self._by_steps(index)
        elif self._follows(index, stamp):
            seconds = self._by_stamp(index, stamp)
        else:
            seconds = self._of_odd(frames)
        self._index, self._last = index, seconds
        return seconds

    def _begin(self, frames) -> float:
        """Sets the offset; the first frame is at 0, even if its timestamp is wrong."""
        first, chain = frames[0], _rising(frames)
        if first[1] is not None and len(_rising(frames, lambda stamp: stamp > first[1])) + 1 >= len(chain):
            self._offset = -first[1]
        elif chain:
            index, stamp = frames[chain[0]]
            self._offset = (index - first[0]) * self._usual() - stamp
        return 0.0

    def _of_odd(self, frames) -> float:
        """The time of a frame whose timestamp is before the last time or far ahead of it."""
        last_stamp = self._last - self._offset
        ahead = _rising(frames, lambda stamp: stamp > last_stamp)
        behind = _rising(frames, lambda stamp: stamp <= last_stamp)
        index, stamp = frames[0]
        if ahead[:1] == [0]:
            return self._by_stamp(index, stamp)
        if behind[:1] == [0] and len(behind) >= RESTARTED and len(behind) > len(ahead):
            self._offset = self._by_steps(index) - stamp
            return self._by_stamp(index, stamp)
        if not ahead:
            return self._by_steps(index)
        next_index, next_stamp = frames[ahead[0]]
        part = (index - self._index) / (next_index - self._index)
        self._anchor = None
        return self._last + part * (next_stamp - last_stamp)

    def _by_stamp(self, index: int, stamp: float) -> float:
        self._anchor = None
        seconds = stamp + self._offset
        self._steps.append((seconds - self._last) / (index - self._index))
        return seconds

    def _by_steps(self, index: int) -> float:
        self._anchor = self._anchor or (self._index, self._last)
        since, seconds = self._anchor
        return seconds + (index - since) * self._usual()

    def _follows(self, index: int, stamp: float) -> bool:
        if self._offset is None:  # no previous frame had a timestamp
            self._offset = self._by_steps(index) - stamp
        return self._is_usual(index - self._index, stamp + self._offset - self._last)

    def _is_usual(self, frames: int, seconds: float) -> bool:
        return 0 < seconds <= PLAIN_STEPS * frames * self._usual()

    def _usual(self) -> float:
        return statistics.median(self._steps) if self._steps else self._step


def _rising(frames, counts=lambda stamp: True) -> list[int]:
    """Positions of the longest increasing subsequence of the timestamps that count; the lowest of equals."""
    chains = [[]]  # the best one of each length
    for place, (_, stamp) in enumerate(frames):
        if stamp is None or not counts(stamp):
            continue
        for length in range(len(chains), 0, -1):
            before = chains[length - 1]
            if before and frames[before[-1]][1] >= stamp:
                continue
            chain = before + [place]
            if length == len(chains):
                chains.append(chain)
            elif stamp < frames[chains[length][-1]][1]:
                chains[length] = chain
            break
    return chains[-1]
