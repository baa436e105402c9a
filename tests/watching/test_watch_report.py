"""The report of a watch: its numbers are those of the other files, its pictures those of the frames."""

import csv
import json
import re
import types
import xml.etree.ElementTree as ElementTree

import jax
import numpy as np
import pytest

from tests.data.video_files import write_video
from tests.report.html_reader import content_of, pixels_of, read_alone, rows_of
from tests.report.test_timeline import points_of
from tests.watching.conftest import COUNT, HEIGHT, WIDTH, monitor_of, paths_in, watch_to_files
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.report import watch_report
from vpn_anomaly.report.overlay import BRIGHTEST, blended
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching import source_watch
from vpn_anomaly.watching.segments import SegmentFrame

NAME = 'new <i>film<b> & "№ 1".mkv'


@pytest.fixture(scope="module")
def watched(video_run, frames, tmp_path_factory):
    """The document, the rows of the scores, the last line of every event, the frames as decoded."""
    folder = tmp_path_factory.mktemp("watched")
    source = write_video(folder / NAME, frames)
    outputs = paths_in(folder)
    watch_to_files(video_run.config, video_run.trained, source, outputs, model="tiny in runs/tiny")
    with outputs["scores"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    events = {}
    for line in outputs["events"].read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        events[record["event"]] = record
    with open_video(source, VideoSettings(height=HEIGHT, width=WIDTH)) as video:
        decoded = [frame.image for frame in video]
    document = read_alone(outputs["report"].read_text(encoding="utf-8"))
    return types.SimpleNamespace(document=document, rows=rows, events=events, source=source, frames=decoded)


def scores_of(watched, kind):
    """(frames,) of the score that finds a kind, from the CSV; and its p-values."""
    name = {"missing": "missing_z", "intruding": "intruding_z", "motion": "tail_mean"}[kind]
    number = lambda text: float(text) if text else np.nan
    return tuple(np.array([number(row[column]) for row in watched.rows]) for column in (name, f"p_{kind}"))


def test_it_says_what_was_watched_and_with_what(watched, video_run):
    facts = watched.document.all("dl")[0].text
    assert watched.document.all("p")[0].text == watched.source and NAME in watched.source
    first = video_run.system.first_frame
    assert f"60 ({frame_time(59 / 25)}), {first} without scores" in facts
    assert f"{len(watched.events)} (" in facts and "tiny in runs/tiny" in facts
    assert "inpainting, 4 training steps" in facts


def test_the_events_are_those_of_the_event_log(watched):
    expected = [
        [str(number), e["kind"]]
        + [f"{e[f'{what}_frame']} {frame_time(e[f'{what}_time'])}" for what in ("start", "end", "peak")]
        + [f"{e['score']:.4g}", f"{e['p']:.4g}", str(e["frames"])]
        for number, e in watched.events.items()
    ]
    assert len(expected) > 2
    assert rows_of(watched.document.one(id="event-table")) == expected


def test_the_numbers_at_the_peaks_are_those_of_the_scores_file(watched):
    for number, kind, start, end, peak, score, p, count in rows_of(watched.document.one(id="event-table")):
        score_T, p_T = scores_of(watched, kind)
        frame = int(peak.split()[0])
        assert (score, p) == (f"{score_T[frame]:.4g}", f"{p_T[frame]:.4g}")


def test_every_number_leads_to_its_event_in_pictures(watched):
    links = watched.document.one(id="event-table").all("a")
    assert [link.text for link in links] == [str(number) for number in watched.events]
    for link, event in zip(links, watched.events.values()):
        card = watched.document.one(id=link.attributes["href"][1:])
        assert card.all("h3")[0].text == f"Event {event['event']}: {event['kind']}"
        assert f"frame {event['peak_frame']}, " in card.all("figcaption")[0].text


def test_pictures_are_of_the_frame_at_the_peak_with_its_box(watched):
    for event, card in zip(watched.events.values(), watched.document.all("article"), strict=True):
        image = pixels_of(card.all("img")[0]).astype(int)
        distance = [np.abs(image - frame[..., 0]).mean() for frame in watched.frames]
        peak = event["peak_frame"]
        assert distance[peak] < 5 and distance[peak] == min(distance)
        (box,) = card.all("i")
        edges = [float(edge) / 100 for edge in re.findall(r": ([\d.]+)%", box.attributes["style"])]
        top, left, bottom, right = event["box"]
        expected = top / HEIGHT, left / WIDTH, 1 - bottom / HEIGHT, 1 - right / WIDTH
        np.testing.assert_allclose(edges, expected, atol=1e-4)


def test_the_prediction_and_the_map_are_those_of_the_model(watched, video_run):
    shifts = fixed_shifts(video_run.config.score.masks, (4, 5))
    padded = np.pad(np.array(watched.frames), ((0, 0), (0, 2), (0, 1), (0, 0)), mode="edge")
    state, maps_of = video_run.system.initial_stream(1, *padded.shape[1:3]), []
    step = jax.jit(video_run.system.stream_step)
    for frame in padded:
        state, maps = step(video_run.params, state, frame[None], shifts)
        maps_of.append(jax.tree.map(lambda x: np.asarray(x[0, :HEIGHT, :WIDTH]), maps))
    for event, card in zip(watched.events.values(), watched.document.all("article"), strict=True):
        maps, frame = maps_of[event["peak_frame"]], watched.frames[event["peak_frame"]]
        expected = np.zeros((HEIGHT, WIDTH))
        for y, x in np.ndindex(HEIGHT, WIDTH):
            value = float(frame[y, x, 0])
            residual = float(maps.value["intruding"][y, x]) if maps.counted[y, x] else 0.0
            expected[y, x] = min(max(value - 255 * residual, 0), 255)
        assert np.abs(pixels_of(card.all("img")[1]) - expected).mean() < 4
        shown = blended(frame, maps.value["tail"] * maps.counted, BRIGHTEST)
        assert np.abs(pixels_of(card.all("img")[2]).astype(int) - shown).mean() < 4


def test_curves_are_those_of_the_scores_file_with_threshold_and_events(watched, video_run):
    monitor = monitor_of(video_run)
    figures = watched.document.one(id="scores").all("figure")
    assert [figure.all("h3")[0].text.split(":")[0] for figure in figures] == [
        "missing",
        "intruding",
        "motion",
    ]
    for figure in figures:
        kind = figure.all("h3")[0].text.split(":")[0]
        root = ElementTree.fromstring(content_of(figure.all("img")[0])[1])
        score_T, p_T = scores_of(watched, kind)
        (piece,) = points_of(root)
        scored = np.isfinite(score_T)
        assert len(piece) == scored.sum()
        y_T = np.array(piece)[:, 1]
        slope, offset = np.polyfit(score_T[scored], y_T, 1)
        np.testing.assert_allclose(slope * score_T[scored] + offset, y_T, atol=0.01)
        texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
        numbers = {str(number) for number, e in watched.events.items() if e["kind"] == kind}
        assert numbers <= set(texts)
        (written,) = [after for text, after in zip(texts, texts[1:]) if text == "threshold"]
        threshold = monitor.score_threshold[kind]
        assert written == f"{threshold:.4g}"
        told = re.search(r"p ≤ (\S+) per frame", watched.document.text)[1]
        clear = np.abs(score_T - threshold) > 1e-3 * abs(threshold)  # what is told is rounded
        above = (score_T > threshold)[clear & scored]
        assert above.any() and (above == (p_T <= float(told))[clear & scored]).all()


def test_a_source_that_comes_back_has_no_number_twice(video_run, frames, tmp_path, monkeypatch):
    halves = lambda video, *rest: (SegmentFrame(frame, int(frame.index >= COUNT // 2)) for frame in video)
    monkeypatch.setattr(source_watch, "segments", halves)
    outputs = paths_in(tmp_path)
    watch_to_files(video_run.config, video_run.trained, write_video(tmp_path / "film.mkv", frames), outputs)
    history = [json.loads(line) for line in outputs["events"].read_text(encoding="utf-8").splitlines()]
    begun = [record["event"] for record in history if record["what"] == "begin"]
    assert begun == list(range(len(begun)))
    assert {record["start_frame"] < COUNT // 2 for record in history} == {True, False}
    document = read_alone(outputs["report"].read_text(encoding="utf-8"))
    assert [row[0] for row in rows_of(document.one(id="event-table"))] == [str(number) for number in begun]
    assert f", {2 * video_run.system.first_frame} without scores" in document.text


def test_the_same_watch_gives_the_same_page(video_run, frames, tmp_path, monkeypatch):
    class Clock:
        now = staticmethod(lambda: watch_report_time)

    import datetime

    watch_report_time = datetime.datetime(2026, 1, 31, 23, 59, 58)
    monkeypatch.setattr(watch_report.datetime, "datetime", Clock)
    source = write_video(tmp_path / "film.mkv", frames[:25])
    for name in ("a.html", "b.html"):
        watch_to_files(video_run.config, video_run.trained, source, {"report": tmp_path / name})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "2026-01-31 23:59:58 to 23:59:58" in (tmp_path / "a.html").read_text(encoding="utf-8")
