"""The report of a long stream stays small, in memory and as a file."""

import types
import weakref

import numpy as np

from tests.report.html_reader import read_alone, rows_of
from tests.report.monitored import WATCHED, Stream, maps_of
from vpn_anomaly.report import watch_report
from vpn_anomaly.report.watch_report import WatchReport


def monitor():
    """What the report asks a monitor."""
    return types.SimpleNamespace(
        threshold_in_words=lambda: "threshold",
        watched=WATCHED,
        score_threshold={"missing": 4.6, "motion": 4.6},
        members=(),
    )


def test_a_long_stream_with_many_events_stays_small_and_says_what_is_left_out(tmp_path):
    """2,000 noisy frames of 160×240, 65 events in them."""
    rng = np.random.default_rng(0)
    smooth = rng.uniform(60, 200, (16, 24)).repeat(10, 0).repeat(10, 1)
    noisy = [np.rint(smooth + rng.normal(0, 12, (160, 240)))[..., None].astype(np.uint8) for _ in range(4)]
    maps = maps_of(0, 160, 240)
    maps = maps.replace(
        value={"tail": rng.exponential(1, (160, 240)), "missing": maps.value["missing"]},
        intensity=noisy[0][..., 0] / 255,
    )
    report, stream = WatchReport(tmp_path / "r.html", [("Model", "none")]), Stream()
    report.begin(types.SimpleNamespace(name="film", problem="it ends"), monitor())
    for number in range(2000):
        p = 1e-3 / (1 + number) if number % 31 < 5 else 0.5
        report.frame("film", *stream.update((maps, noisy[number % 4]), missing=p, motion=0.5))
    report.finish("film", stream.finder.finish())
    report.close()
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    document = read_alone(text)
    assert len(rows_of(document.one(id="event-table"))) == 65
    assert len(document.all("article")) == watch_report.PICTURED
    assert len(document.one(id="event-table").all("a")) == watch_report.PICTURED
    assert "These are the 50 most improbable events; 15 more have no pictures." in document.text
    assert "it ends" in document.text
    assert len(text) < 4e6


def test_memory_holds_the_scores_and_nothing_else_of_a_frame(tmp_path):
    report, stream = WatchReport(tmp_path / "r.html", []), Stream()
    report.begin(types.SimpleNamespace(name="film", problem=None), monitor())
    pictures = []
    for _ in range(500):
        frame, result = stream.update(missing=0.5, motion=0.004 if stream.number % 7 < 2 else 0.5)
        picture = np.empty(1)
        pictures.append(weakref.ref(picture))
        report.frame("film", frame._replace(picture=picture), result)
    del frame, picture
    assert [picture() for picture in pictures] == [None] * 500
    (source,) = report._sources
    bytes_a_frame = sum(a.itemsize for a in (source.frame_T, source.time_T, *source.score_T.values()))
    assert bytes_a_frame == 8 * 4 and not source.events
    assert {name: len(value) for name, value in vars(source).items() if hasattr(value, "itemsize")} == {
        "frame_T": 500,
        "time_T": 500,
    }
    assert len(report._pictures._snapshots) <= len(WATCHED) and not report._pictures.of_event
