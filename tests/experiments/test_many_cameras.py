"""Made cameras keep their pace, and what is noted of a long watch."""

import time
import types

import pytest

from experiments import many_cameras
from experiments.many_cameras import Meter
from experiments.synthetic.made_cameras import served
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.watching.output import Losses


def test_every_client_gets_frames_at_the_pace_of_a_camera():
    with served(32, 48, rate=20) as address:
        with (
            open_video(f"{address}/0", VideoSettings()) as one,
            open_video(f"{address}/1", VideoSettings()) as two,
        ):
            start, frames = time.monotonic(), 0
            while time.monotonic() - start < 1.5:
                assert next(one).image.shape == next(two).image.shape == (32, 48, 1)
                frames += 1
    assert one.live and frames <= 1.5 * 20 + 15  # the first are read ahead


def test_memory_is_noted_at_times_and_the_watch_ends(monkeypatch):
    now, stop = [100.0], types.SimpleNamespace(requested=False)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(many_cameras, "resident_bytes", lambda: int(now[0]))
    with Meter(1.0, stop) as meter:
        meter.begin(None, None)
        while not stop.requested:
            now[0] += 4
            meter.frame("cam", None, None)
        meter.end("cam", Losses(7, 1))
    assert meter.seconds == 60 and meter.losses == {"cam": Losses(7, 1)}
    assert meter.resident == [(t, 100 + t) for t in (4, 12, 20, 32, 40, 52, 60, 60)]


@pytest.mark.parametrize("flag", ["--size=64", "--size=0x", "--streams=0", "--minutes=-1", "--rate=x"])
def test_flags_that_make_no_sense_are_refused(flag, capsys):
    with pytest.raises(SystemExit) as stopped:
        many_cameras.main([flag])
    assert stopped.value.code == 2 and capsys.readouterr().err.count("\n") == 1
