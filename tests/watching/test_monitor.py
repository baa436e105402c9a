"""Thresholds in units of a score, and the numbers of events."""

import pytest

from tests.watching.conftest import monitor_of
from vpn_anomaly.data.video.open_video import Frame


def test_the_threshold_of_a_score_has_the_p_value_of_the_threshold(video_run):
    monitor = monitor_of(video_run)
    (member,), (alarms,) = monitor._detector.members, monitor.alarms
    for key, watched in monitor.watched.items():
        p = member.normal.calibration.p_value(watched.score, monitor.score_threshold[key])
        assert p == pytest.approx(alarms.threshold.p, rel=1e-6)


def test_after_a_break_events_go_on_being_counted(video_run, frames):
    monitor = monitor_of(video_run)

    def ids():
        changes = [
            c for n, image in enumerate(frames) for c in monitor.update(Frame(n, n / 25, image)).changes
        ]
        return sorted({c.event.id for c in changes + monitor.finish()})

    first = ids()
    monitor.resume()
    assert ids() == [number + len(first) for number in first]
    monitor.restart()
    assert ids() == first == list(range(len(first)))
