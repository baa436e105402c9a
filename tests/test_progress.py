"""Of moments at random times the first and the last are told, and between them none too early."""

import random

import pytest

from vpn_anomaly.progress import PERIOD, Pace


@pytest.mark.parametrize("longest", [0.5, 20.0, 200.0])
def test_gaps(longest):
    draw, now, times = random.Random(0), 1000.0, []
    for _ in range(400):
        times.append(now)
        now += draw.uniform(0.0, longest)
    pace = Pace()
    told = [time for time in times if pace.due(time, last=time == times[-1])]
    assert told[0] == times[0] and told[-1] == times[-1]
    early = [after - before for before, after in zip(told[:-2], told[1:-1]) if after - before < PERIOD]
    assert not early
    # None could have been told sooner: what comes PERIOD later is told at once.
    for before, after in zip(told, told[1:]):
        assert not any(before + PERIOD <= time < after for time in times)


def test_a_single_moment_is_told_once():
    assert Pace().due(0.0, last=True)
