"""Thresholds in units of a score, and the numbers of events."""

import pytest

from tests.watching.conftest import monitor_of
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring.poisson import poisson_interval


def test_the_threshold_of_a_score_has_the_p_value_of_the_threshold(video_run):
    monitor = monitor_of(video_run)
    (member,), (alarms,) = monitor._detector.members, monitor.alarms
    for key, watched in monitor.watched.items():
        p = member.normal.calibration.p_value(watched.score, monitor.score_threshold[key])
        assert p == pytest.approx(alarms.threshold.p, rel=1e-6)


@pytest.mark.parametrize("extrapolate", [False, True])
def test_what_is_stated_and_what_normal_clips_raise_stand_side_by_side(video_run, extrapolate):
    monitor = monitor_of(video_run, 20, {"watch.extrapolate": extrapolate, "watch.false_alarms": 6.0})
    words, note = monitor.threshold_in_words().split("\n")
    (alarms,) = monitor.alarms
    stated = "6 false" if extrapolate else f"{3 * alarms.threshold.p * 72_000:,.0f} false"
    asked = "" if extrapolate else " (6 were asked for)"
    assert f"for at most {stated} alarms per hour{asked}; 2 clips of normal footage (0.0 minutes)" in words
    held_out = alarms.held_out
    assert held_out.frames == 40
    raised = held_out.alarms * 1800
    assert (
        f"raise {held_out.alarms}, {raised if not raised else f'{raised:,}'} per hour (95% over clips: "
        in words
    )
    assert held_out.per_frame.high * 40 >= poisson_interval(held_out.alarms, 0.95)[1]
    assert "rarer than 40 frames of 2 normal clips show" in note
    p = alarms.threshold.p
    assert p == pytest.approx(6 / 72_000 / 3) if extrapolate else p >= 1 / 41


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
