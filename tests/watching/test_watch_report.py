"""The report of a watching: its numbers are those of the other files, its pictures those of the frames."""

import base64
import csv
import json
import os
import re
import signal
import types
import xml.etree.ElementTree as ElementTree

import jax
import numpy as np
import pytest

from tests import tiny
from tests.data.video_files import camera, write_video
from tests.report.html_reader import content_of, pixels_of, read_alone, rows_of
from tests.report.test_timeline import points_of
from tests.watching.conftest import HEIGHT, WIDTH, footage
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.open_video import Frame, VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.report import watch_page, watch_report
from vpn_anomaly.report.annotated_video import clock
from vpn_anomaly.report.overlay import BRIGHTEST, blended
from vpn_anomaly.report.peak_pictures import PeakPictures
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.report.watched_source import Watched
from vpn_anomaly.systems.system import Maps
from vpn_anomaly.watching.event_finder import EventDetector
from vpn_anomaly.watching.events import Event, EventSettings, Moment, Observation, Peak
from vpn_anomaly.watching.live import LiveFrame
from vpn_anomaly.watching.monitor import Seen, Watcher
from vpn_anomaly.watching.watch import _Session, watch

COUNT, NAME = 60, 'new <i>film<b> & "№ 1".mkv'


@pytest.fixture(scope="module")
def frames():
    """Frames that are white for a while, twice."""
    frames = footage(COUNT, seed=1)
    frames[18:24] = 255 - frames[18:24] // 4
    frames[45:50] = 255 - frames[45:50] // 2
    return frames


def paths_in(folder):
    return {
        name: folder / f"out.{ending}"
        for name, ending in (("scores", "csv"), ("events", "jsonl"), ("report", "html"))
    }


@pytest.fixture(scope="module")
def watched(video_run, frames, tmp_path_factory):
    """The document, the rows of the scores, the last line of every event, the frames as decoded."""
    folder = tmp_path_factory.mktemp("watched")
    source = write_video(folder / NAME, frames)
    outputs = paths_in(folder)
    watch(video_run.config, video_run.trained, source, outputs, model="tiny in runs/tiny")
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
    assert f"60 ({clock(59 / 25)}), {first} without scores" in facts
    assert f"{len(watched.events)} (" in facts and "tiny in runs/tiny" in facts
    assert "inpainting, 4 training steps" in facts


def test_the_events_are_those_of_the_event_log(watched):
    expected = [
        [str(number), e["kind"]]
        + [f"{e[f'{what}_frame']} {clock(e[f'{what}_time'])}" for what in ("start", "end", "peak")]
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
    state, maps_of = video_run.system.stream(1, *padded.shape[1:3]), []
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
    watcher = Watcher(video_run.config, video_run.trained, HEIGHT, WIDTH, 25)
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
        threshold = watcher.score_threshold[kind]
        assert written == f"{threshold:.4g}"
        told = re.search(r"p ≤ (\S+) a frame", watched.document.text)[1]
        clear = np.abs(score_T - threshold) > 1e-3 * abs(threshold)  # what is told is rounded
        above = (score_T > threshold)[clear & scored]
        assert above.any() and (above == (p_T <= float(told))[clear & scored]).all()


def test_the_threshold_of_a_score_has_the_p_value_of_the_threshold(video_run):
    watcher = Watcher(video_run.config, video_run.trained, HEIGHT, WIDTH, 25)
    for kind, score in watcher.score_of_kind.items():
        p = watcher._calibration.p_value(score, watcher.score_threshold[kind])
        assert p == pytest.approx(watcher.threshold.p, rel=1e-6)


def test_after_a_break_events_go_on_being_counted(video_run, frames):
    watcher = Watcher(video_run.config, video_run.trained, HEIGHT, WIDTH, 25)

    def ids():
        changes = [c for n, image in enumerate(frames) for c in watcher.see(Frame(n, n / 25, image)).changes]
        return sorted({c.event.id for c in changes + watcher.finish()})

    first = ids()
    watcher.resume()
    assert ids() == [number + len(first) for number in first]
    watcher.restart()
    assert ids() == first == list(range(len(first)))


def test_a_source_that_comes_back_has_no_number_twice(video_run, frames, tmp_path, monkeypatch):
    halves = lambda self, name, video, stack: (
        LiveFrame(frame, int(frame.index >= COUNT // 2)) for frame in video
    )
    monkeypatch.setattr(_Session, "_frames_of", halves)
    outputs = paths_in(tmp_path)
    watch(video_run.config, video_run.trained, write_video(tmp_path / "film.mkv", frames), outputs)
    history = [json.loads(line) for line in outputs["events"].read_text(encoding="utf-8").splitlines()]
    begun = [record["event"] for record in history if record["what"] == "begin"]
    assert begun == list(range(len(begun)))
    assert {record["start_frame"] < COUNT // 2 for record in history} == {True, False}
    document = read_alone(outputs["report"].read_text(encoding="utf-8"))
    assert [row[0] for row in rows_of(document.one(id="event-table"))] == [str(number) for number in begun]
    assert f", {2 * video_run.system.first_frame} without scores" in document.text


# --- what is not seen to the end


def flags_of(video_run, folder):
    tiny.config_file(folder / "tiny.py", video_run.config)
    return [f"--config={folder}/tiny.py", f"--workdir={video_run.directory}", "--mode=watch"]


def test_sources_beside_one_that_cannot_be_opened_are_reported(video_run, frames, tmp_path, capsys):
    write_video(tmp_path / "a.mkv", frames)
    (tmp_path / "b.mkv").write_text("no film")
    write_video(tmp_path / "c.mkv", frames[30:])
    command = [*flags_of(video_run, tmp_path), f"--input={tmp_path}/*.mkv", f"--report={tmp_path}/r.html"]
    assert main(command) == 0
    assert "b.mkv" in capsys.readouterr().err
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert [row[:2] for row in rows_of(document.one(id="sources").all("table")[0])] == [
        ["a.mkv", "60"],
        ["c.mkv", "30"],
    ]
    (row,) = rows_of(document.one(id="unwatched").all("table")[0])
    assert row[0] == str(tmp_path / "b.mkv") and row[1].startswith("not a video")
    assert document.all("p")[0].text == f"2 sources in {tmp_path}"
    rows = rows_of(document.one(id="event-table"))
    of_c = [row for row in rows if row[1] == "c.mkv"]
    assert of_c[0][0] == "0" and len(of_c) < len(rows)
    assert len(document.one(id="scores").all("figure")) == 6


def test_of_two_errors_the_first_is_told(video_run, frames, tmp_path, capsys):
    write_video(tmp_path / "a.mkv", frames[:9])
    (tmp_path / "s.csv").symlink_to("/dev/full")
    (tmp_path / "r.html").symlink_to("/dev/full")
    command = [
        *flags_of(video_run, tmp_path),
        f"--input={tmp_path}/a.mkv",
        f"--scores={tmp_path}/s.csv",
        f"--report={tmp_path}/r.html",
    ]
    assert main(command) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "s.csv" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_seen_before_a_signal_is_reported(video_run, frames, tmp_path, monkeypatch, number):
    see = Watcher.see

    def see_and_signal(self, frame):
        if frame.index == 20:  # in the middle of an event
            os.kill(os.getpid(), number)
        return see(self, frame)

    monkeypatch.setattr(Watcher, "see", see_and_signal)
    source = write_video(tmp_path / "film.mkv", frames)
    outputs = paths_in(tmp_path)
    if number == signal.SIGINT:
        with pytest.raises(KeyboardInterrupt):
            watch(video_run.config, video_run.trained, source, outputs)
    else:
        watch(video_run.config, video_run.trained, source, outputs)
    document = read_alone(outputs["report"].read_text(encoding="utf-8"))
    assert "21 (" in document.all("dl")[0].text
    assert len(rows_of(document.one(id="event-table"))) == len(document.all("article")) > 0


def test_a_camera_is_reported(video_run, tmp_path):
    with camera(tmp_path, 60, seconds=0.01, size=(HEIGHT, WIDTH)) as address:
        watch(video_run.config, video_run.trained, address, {"report": tmp_path / "r.html"}, 15)
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "15 (" in document.all("dl")[0].text


def test_a_film_without_events_or_without_scores_has_a_report(video_run, tmp_path):
    config = video_run.config.copy_and_resolve_references()
    config.watch.false_alarms = 1e-6
    write_video(tmp_path / "quiet.mkv", footage(20))
    watch(config, video_run.trained, str(tmp_path / "quiet.mkv"), {"report": tmp_path / "r.html"})
    document = read_alone((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "No events." in document.text and not document.all("article")
    write_video(tmp_path / "short.mkv", footage(2))
    with pytest.raises(UserError, match="give a longer one"):
        watch(config, video_run.trained, str(tmp_path / "short.mkv"), {"report": tmp_path / "r.html"})
    assert "2 without scores" in read_alone((tmp_path / "r.html").read_text(encoding="utf-8")).text


def test_a_report_that_cannot_be_written_ends_with_a_line(video_run, frames, tmp_path, capsys):
    source = write_video(tmp_path / "film.mkv", frames[:20])
    command = [*flags_of(video_run, tmp_path), f"--input={source}", f"--report={tmp_path}/r.html"]
    (tmp_path / "r.html").symlink_to("/dev/full")
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert "20 frames" in out and f"error: cannot write {tmp_path}/r.html: no space" in err
    assert sorted(os.listdir(tmp_path)) == ["film.mkv", "r.html", "tiny.py"]


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        WatchReport(tmp_path / "nowhere" / "r.html", [])


# --- pictures of events, without a model


SETTINGS = EventSettings(
    open_p=0.01, close_p=0.01, merge_gap=1, minimum_frames=3, before=0, after=0, light_change=0
)
KINDS = {"missing": "missing_z", "motion": "tail_mean"}


def maps_of(number, height=4, width=6):
    """Maps whose prediction is the frame but for one pixel of it."""
    zero, image = np.zeros((height, width), np.float32), image_of(number, height, width)
    missing = zero.copy()
    missing[0, 0] = 0.25
    return Maps(
        {"tail": zero, "missing": missing},
        {},
        {},
        np.ones((height, width), bool),
        image[..., 0] / np.float32(255),
    )


def image_of(number, height=4, width=6):
    return np.full((height, width, 1), 10 + number % 200, np.uint8)


class Stream:
    """Observes frames with chosen p-values, as the watcher does."""

    def __init__(self):
        self.detector = EventDetector(SETTINGS)
        self.number = -1

    def see(self, maps_and_image=None, **p):
        """(frame, seen) of the next frame; the score is higher where p is lower."""
        self.number += 1
        maps, image = maps_and_image or (maps_of(self.number), image_of(self.number))
        score = {kind: -np.log(value) for kind, value in p.items()}
        changes = self.detector.update(Observation(self.number, self.number / 25, p, score))
        named = {KINDS[kind]: value for kind, value in score.items()}
        return (
            Frame(self.number, self.number / 25, image),
            Seen(named, p, maps, changes, [], self.detector.peaks, False),
        )


def pictures_after(p_T, most=60, kind="missing"):
    """PeakPictures that saw a stream with these p-values of one kind."""
    stream, pictures = Stream(), PeakPictures(most)
    for p in p_T:
        frame, seen = stream.see(**{kind: p})
        for change in seen.changes:
            if change.what == "end":
                pictures.end(change.event.id, change.event)
        pictures.see(frame, seen.maps, seen.peaks)
    return pictures


def test_runs_that_never_become_events_leave_nothing_behind():
    pictures = pictures_after([0.5, 0.001, 0.002, 0.5])
    assert pictures._snapshots.keys() == {"missing"}  # two more quiet frames end the run
    for p_T in ([0.001, 0.002, 0.5, 0.5], [0.5, 0.001, 0.5, 0.5, 0.5], [0.5] * 9):
        pictures = pictures_after(p_T)
        assert not pictures._snapshots and not pictures.of_event


def test_an_event_leaves_its_pictures_and_no_snapshot():
    pictures = pictures_after([0.001, 0.0002, 0.001, 0.5, 0.5])
    assert not pictures._snapshots and list(pictures.of_event) == [0]
    of_frame, predicted, _ = pictures.of_event[0]
    decode = lambda one: base64.b64decode(one.source.partition(",")[2])
    assert decode(of_frame).startswith(b"\x89PNG")
    image = types.SimpleNamespace(attributes={"src": of_frame.source})
    np.testing.assert_array_equal(pixels_of(image), image_of(1)[..., 0])
    expected = image_of(1)[..., 0].copy()
    expected[0, 0] = round(11 + 255 * 0.25)
    image = types.SimpleNamespace(attributes={"src": predicted.source})
    np.testing.assert_array_equal(pixels_of(image), expected)


def test_of_many_sources_those_with_the_most_improbable_events_are_drawn(monkeypatch):
    monkeypatch.setattr(watch_page, "SOURCES_DRAWN", 2)
    sources = []
    for number, p in enumerate((1e-3, None, 1e-9, 1e-5)):
        source = Watched(f"film {number}", "", {"motion": "tail_mean"}, {"motion": 1.0})
        source.add(Frame(0, 0.0, None), {"tail_mean": 0.5})
        if p is not None:
            moment = Moment(0, 0.0)
            peak = Peak(moment, 0.5, p, None)
            source.events[0] = Event("motion", 0, moment, moment, moment, moment, peak, 1)
        sources.append(source)
    names = [source.name for source in sources]
    figures = list(watch_page._curves(sources, names))
    assert [figure.title.split(" –")[0] for figure in figures] == ["film 2", "film 3"]
    assert "Drawn are the 2 sources" in watch_page._about_scores(4).paragraphs[-1]
    assert "Drawn" not in " ".join(watch_page._about_scores(2).paragraphs)


def test_the_end_of_a_source_forgets_what_was_under_way():
    pictures = pictures_after([0.5, 0.001])
    assert pictures._snapshots
    pictures.forget()
    assert not pictures._snapshots


def test_the_most_improbable_events_keep_their_pictures_the_first_of_equals():
    p_T = [0.004, 0.001, 0.003, 0.002, 0.001, 0.001]
    frames = [p for p in p_T for p in (p, p, p, 0.5, 0.5)]
    assert set(pictures_after(frames, most=2).of_event) == {1, 4}
    assert set(pictures_after(frames, most=4).of_event) == {1, 3, 4, 5}
    assert set(pictures_after(frames, most=9).of_event) == set(range(6))


def watcher():
    """What the report asks a watcher."""
    return types.SimpleNamespace(
        threshold_in_words=lambda: "threshold",
        score_of_kind=KINDS,
        score_threshold={"missing": 4.6, "motion": 4.6},
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
    report.begin(types.SimpleNamespace(name="film", problem="it ends"), watcher())
    for number in range(2000):
        p = 1e-3 / (1 + number) if number % 31 < 5 else 0.5
        report.frame("film", *stream.see((maps, noisy[number % 4]), missing=p, motion=0.5))
    report.finish("film", stream.detector.finish())
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
    report.begin(types.SimpleNamespace(name="film", problem=None), watcher())
    for _ in range(500):
        report.frame("film", *stream.see(missing=0.5, motion=0.004 if stream.number % 7 < 2 else 0.5))
    (source,) = report._sources
    bytes_a_frame = sum(a.itemsize for a in (source.frame_T, source.time_T, *source.score_T.values()))
    assert bytes_a_frame == 8 * 4 and not source.events
    assert {name: len(value) for name, value in vars(source).items() if hasattr(value, "itemsize")} == {
        "frame_T": 500,
        "time_T": 500,
    }
    assert len(report._pictures._snapshots) <= len(KINDS) and not report._pictures.of_event


def test_the_same_watching_gives_the_same_page(video_run, frames, tmp_path, monkeypatch):
    class Clock:
        now = staticmethod(lambda: watch_report_time)

    import datetime

    watch_report_time = datetime.datetime(2026, 1, 31, 23, 59, 58)
    monkeypatch.setattr(watch_report.datetime, "datetime", Clock)
    source = write_video(tmp_path / "film.mkv", frames[:25])
    for name in ("a.html", "b.html"):
        watch(video_run.config, video_run.trained, source, {"report": tmp_path / name})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "2026-01-31 23:59:58 to 23:59:58" in (tmp_path / "a.html").read_text(encoding="utf-8")
