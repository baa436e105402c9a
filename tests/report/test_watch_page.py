"""What the page of a watch leaves out."""

from tests.report.monitored import WATCHED
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.report import watch_page
from vpn_anomaly.report.source_record import SourceRecord
from vpn_anomaly.watching.events import Event, Moment, Peak


def test_of_many_sources_those_with_the_most_improbable_events_are_drawn(monkeypatch):
    monkeypatch.setattr(watch_page, "SOURCES_DRAWN", 2)
    sources = []
    for number, p in enumerate((1e-3, None, 1e-9, 1e-5)):
        source = SourceRecord(f"film {number}", "", {"motion": WATCHED["motion"]}, {"motion": 1.0})
        source.add(Frame(0, 0.0, None), {"tail_mean": 0.5})
        if p is not None:
            moment = Moment(0, 0.0)
            peak = Peak(moment, 0.5, p, None)
            source.events[0] = Event("motion", 0, moment, moment, moment, moment, peak, 1)
        sources.append(source)
    names = [source.name for source in sources]
    figures = list(watch_page._curves(sources, names))
    assert [figure.title.split(" –")[0] for figure in figures] == ["film 2", "film 3"]
    assert "Drawn are the 2 sources" in watch_page._about_scores(sources).paragraphs[-1]
    assert "Drawn" not in " ".join(watch_page._about_scores(sources[:2]).paragraphs)
