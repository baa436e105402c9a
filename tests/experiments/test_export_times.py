"""Times of exports are medians of interleaved rounds after a warm-up."""

import pytest

from experiments import export_times


def test_medians_of_rounds_after_the_warm_up(monkeypatch):
    now, called = [0.0], []
    seconds = {"package": iter([9.0, 1.0, 2.0, 4.0]), "other": iter([9.0, 3.0, 4.0, 40.0])}

    def run_of(name):
        def run():
            called.append(name)
            now[0] += next(seconds[name])

        return run

    monkeypatch.setattr(export_times.time, "perf_counter", lambda: now[0])
    found = export_times.timed({name: run_of(name) for name in seconds}, rounds=3, warm_up=1)
    assert called == ["package", "other"] * 4
    assert found["package"] == {"milliseconds": pytest.approx(2000), "ratio": 1}
    assert found["other"] == {"milliseconds": pytest.approx(4000), "ratio": pytest.approx(3)}
