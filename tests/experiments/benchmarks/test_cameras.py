"""The rows of the benchmark of many cameras: what is asked of processes, and what is made of their answers."""

import itertools
import time

import pytest

from experiments import bench
from experiments.benchmarks import cameras


class StandIn:
    """A camera_process that has watched at once; its memory grows with every answer."""

    def __init__(self, order, name):
        self.order, self.name, self.resident = order, name, 100

    def ask(self, streams, frames):
        self.order.append((self.name, "ask"))
        self.asked = streams, frames

    def answer(self):
        self.order.append((self.name, "answer"))
        self.resident += 1
        streams, frames = self.asked
        return {"frames": streams * frames, "processor_seconds": 6.0, "resident": self.resident}


def test_rows_are_of_all_processes_that_were_asked(monkeypatch):
    clock = itertools.accumulate(itertools.cycle([0, 2.0, 0, 1.0]))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    order, made = [], []

    def groups():
        for size in ((64, 64), (240, 360)):
            made.append(size)
            at_once, *each = (StandIn(order, name) for name in range(4))
            at = f"3x{size[0]}x{size[1]}"
            yield {
                f"ours@{at}": cameras._program([at_once], 3, 10, size),
                f"process_each@{at}": cameras._program(each, 3, 10, size),
            }
            assert at_once.asked == (3, 10) and [one.asked for one in each] == [(1, 10)] * 3

    rows = bench.measure_in_turn(groups(), rounds=2)
    assert made == [(64, 64), (240, 360)] and len(rows) == 4
    ours, each = rows[:2]
    assert (ours["name"], ours["streams"], ours["processes"], ours["size"]) == (
        "ours@3x64x64",
        3,
        1,
        [64, 64],
    )
    assert ours["frames_per_second"] == 15 and each["frames_per_second"] == 30 and each["ratio"] == 0.5
    assert ours["processor_s"] == 0.2 and each["processor_s"] == pytest.approx(0.6)  # of 30 frames
    assert ours["resident_bytes"] == 101 and each["resident_bytes"] == 3 * 101  # after the first run
    # All are asked before any is waited for.
    assert order[2:8] == [(name, what) for what in ("ask", "answer") for name in (1, 2, 3)]
