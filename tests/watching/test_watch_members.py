"""Watching with two members: the files have what each member finds alone, and say which it was."""

import contextlib
import csv
import dataclasses
import functools
import io
import json
import math
import types
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.data.video_files import write_image, write_video
from tests.report.html_reader import content_of, read_alone, rows_of
from tests.report.test_timeline import points_of
from tests.watching.conftest import COUNT, HEIGHT, WIDTH, watch_to_files
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.data.video.sources import sources
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.watch_outputs import watch_outputs
from vpn_anomaly.report.watch_report import model_facts
from vpn_anomaly.scoring.scores import score_named
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.watching.boxes import anomalous_box
from vpn_anomaly.watching.build import MonitorBuilder, build_watch_settings
from vpn_anomaly.watching.watch import watch

SMALL = 16  # the greatest height of the frames of the second member
SHARES = {"motion": 0.75, "appearance": 0.25}
KINDS = ("missing", "intruding", "motion")


def with_height(video_run, height):
    config = video_run.config.copy_and_resolve_references()
    config.data.video.height = height
    return config


@pytest.fixture(scope="module")
def members(video_run, tmp_path_factory):
    """Two members of the same weights, which look at frames of different sizes."""
    calibrations = {name: tmp_path_factory.mktemp(name) for name in SHARES}
    return {
        name: TrainedMember(
            name,
            with_height(video_run, 0 if name == "motion" else SMALL),
            dataclasses.replace(
                video_run.trained, calibrations=(calibrations[name],), new_calibration=calibrations[name]
            ),
            share,
        )
        for name, share in SHARES.items()
    }


@pytest.fixture(scope="module")
def source(frames, tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("source") / "film.mkv", frames)


def read(paths):
    with paths["scores"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    events = [json.loads(line) for line in paths["events"].read_text(encoding="utf-8").splitlines()]
    return rows, events


@pytest.fixture(scope="module")
def watched(members, source, tmp_path_factory):
    """The rows of scores, the lines of events, the document, the path of the video, and what was printed."""
    folder = tmp_path_factory.mktemp("watched")
    endings = {"scores": "csv", "events": "jsonl", "report": "html", "video": "mkv"}
    paths = {name: folder / f"out.{ending}" for name, ending in endings.items()}
    monitors = monitors_of(members)
    facts = functools.partial(model_facts, "two in runs/two", monitors.members)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        watch(sources(source), monitors, watch_outputs(paths, 25, facts))
    rows, events = read(paths)
    document = read_alone(paths["report"].read_text(encoding="utf-8"))
    return types.SimpleNamespace(
        rows=rows, events=events, document=document, video=paths["video"], printed=printed.getvalue()
    )


def monitors_of(members, every=1):
    config = members["motion"].config
    chosen = [members["motion"], dataclasses.replace(members["appearance"], every=every)]
    return MonitorBuilder(chosen, build_watch_settings(config))


@pytest.mark.parametrize("name", SHARES)
def test_the_columns_of_a_member_are_those_that_it_writes_alone(watched, members, source, tmp_path, name):
    paths = {"scores": tmp_path / "s.csv", "events": tmp_path / "e.jsonl"}
    watch_to_files(members[name].config, members[name].trained, source, paths)
    alone, _ = read(paths)
    prefix = members[name].prefix
    column = lambda plain: f"p_{prefix}{plain[2:]}" if plain.startswith("p_") else f"{prefix}{plain}"
    plain_names = [plain for plain in alone[0] if plain not in ("source", "frame", "time")]
    assert len(watched.rows) == len(alone) == COUNT
    for row, expected in zip(watched.rows, alone, strict=True):
        assert {plain: row[column(plain)] for plain in plain_names} == {
            plain: expected[plain] for plain in plain_names
        }


def test_the_columns_are_in_order(watched):
    names = ("mean_nll", "excess_nll", "tail_mean", "missing_z", "intruding_z", "erased_z")
    assert list(watched.rows[0]) == [
        *("source", "frame", "time", *names, *(f"appearance.{name}" for name in names), "any"),
        *(f"p_{kind}" for kind in KINDS),
        *(f"p_appearance.{kind}" for kind in KINDS),
    ]


def test_any_is_made_of_the_p_values_of_both(watched, members):
    for row in watched.rows:
        parts = []
        for name, member in members.items():
            p = [row[f"p_{member.prefix}{kind}"] for kind in KINDS]
            if all(p):
                parts.append(-math.expm1(3 * math.log1p(-min(map(float, p)))) / SHARES[name])
        if parts and min(parts) > 0:
            assert float(row["any"]) == pytest.approx(-math.log(min(parts)), rel=1e-6)
        else:
            assert bool(row["any"]) == bool(parts)


def test_a_frame_opens_an_event_by_its_part_of_the_allowed_false_alarms(watched, members):
    """3,600 false alarms an hour at 25 frames a second: 0.04 a frame, of three kinds."""
    begun = {event["event"]: event for event in watched.events}
    assert {event["member"] for event in begun.values()} == set(SHARES)
    for event in begun.values():
        column = f"p_{members[event['member']].prefix}{event['kind']}"
        threshold = 0.04 * SHARES[event["member"]] / 3
        assert float(watched.rows[event["start_frame"]][column]) <= threshold
        assert event["p"] == pytest.approx(float(watched.rows[event["peak_frame"]][column]))
    for name, member in members.items():
        for kind in KINDS:
            found = [e for e in begun.values() if (e["member"], e["kind"]) == (name, kind)]
            p_T = [float(row[f"p_{member.prefix}{kind}"] or 1) for row in watched.rows]
            assert bool(found) == (min(p_T) <= 0.04 * SHARES[name] / 3)


def test_boxes_are_in_pixels_of_the_frame_and_hold_the_windows(members, source):
    monitors, seen = monitors_of(members), 0
    monitor = monitors.monitor(monitors.sizes((HEIGHT, WIDTH)), 25)
    with open_video(source, VideoSettings()) as video:
        for frame in video:
            result = monitor.update(frame)
            for event in result.open:
                if event.box is None:
                    continue
                key = f"{members[event.member].prefix}{event.kind}"
                maps = result.maps[event.member]
                box = anomalous_box(score_named(monitor.watched[key].score), maps)
                height, width = maps.counted.shape
                assert (height == HEIGHT) == (event.member == "motion") and height in (HEIGHT, SMALL)
                assert event.box.top <= box.top * HEIGHT / height < event.box.top + 1
                assert event.box.right - 1 < box.right * WIDTH / width <= event.box.right <= WIDTH
                seen += event.member == "appearance"
    assert seen


def test_between_the_looks_of_a_member_its_scores_and_boxes_stand(members, source, tmp_path):
    monitors = monitors_of(members, every=3)
    monitor = monitors.monitor(monitors.sizes((HEIGHT, WIDTH)), 25)
    results = []
    with open_video(source, VideoSettings()) as video:
        for number, frame in enumerate(video):
            if number == 31:  # a break: the next frame is looked at
                monitor.resume()
            results.append(monitor.update(frame))
    looked_at = [number for number in range(COUNT) if (number if number < 31 else number - 31) % 3 == 0]
    held = 0
    for number in range(COUNT):
        of_appearance = lambda result: {
            "p": {key: p for key, p in result.p.items() if key.startswith("appearance.")},
            "boxes": [event for event in result.open if event.member == "appearance" and event.box],
        }
        if number not in looked_at and results[number].p.keys() == results[number - 1].p.keys():
            now, before = of_appearance(results[number]), of_appearance(results[number - 1])
            assert now["p"] == before["p"]
            if len(now["boxes"]) == len(before["boxes"]):
                assert now["boxes"] == before["boxes"]
                held += len(now["boxes"])
    assert held


def test_the_report_says_what_each_member_sees_and_whose_event_it_is(watched):
    facts = watched.document.all("dl")[0].text
    assert "Member motionwhat moves wrongly (inpainting, 4 training steps)" in facts
    assert "Member appearancewhat looks wrong" in facts
    ended = [event for event in watched.events if event["what"] == "end"]
    rows = rows_of(watched.document.one(id="event-table"))
    last = {str(event["event"]): event for event in watched.events}
    assert len(rows) == len(last) >= len(ended) > 0
    for number, member, kind, *_ in rows:
        assert (member, kind) == (last[number]["member"], last[number]["kind"])
    titles = [figure.all("h3")[0].text for figure in watched.document.one(id="scores").all("figure")]
    assert [title.split(":")[0] for title in titles] == [
        "any",
        *(f"{name} {kind}" for name in SHARES for kind in KINDS),
    ]
    text = watched.document.one(id="events").text
    for name, share in SHARES.items():
        assert f"{name}: threshold: p ≤ {0.04 * share / 3:.2g} per frame and kind" in text
    for card in watched.document.all("article"):
        number = card.all("h3")[0].text.split()[1].rstrip(":")
        assert f"Event {number}: {last[number]['member']} {last[number]['kind']}" in card.text
        assert len(card.all("img")) == 3


def test_the_report_draws_the_score_of_all_members(watched):
    figure = watched.document.one(id="scores").all("figure")[0]
    (piece,) = points_of(ElementTree.fromstring(content_of(figure.all("img")[0])[1]))
    any_T = np.array([float(row["any"]) for row in watched.rows if row["any"]])
    y_T = np.array(piece)[:, 1]
    slope, offset = np.polyfit(any_T, y_T, 1)
    assert slope < 0  # upwards in a drawing
    np.testing.assert_allclose(slope * any_T + offset, y_T, atol=0.01)


def test_the_video_has_every_frame(watched):
    with open_video(str(watched.video), VideoSettings()) as video:
        assert len(list(video)) == COUNT


def test_zones_are_brought_to_the_size_of_each_member(members, source, tmp_path):
    zones_HxW = np.zeros((HEIGHT, WIDTH), np.uint8)
    zones_HxW[5:, 10:] = 255
    write_image(tmp_path / "zones.png", zones_HxW[..., None])
    without = monitors_of(members)
    settings = dataclasses.replace(without.settings, zones=str(tmp_path / "zones.png"))
    monitors = MonitorBuilder(without.members, settings)
    monitor = monitors.monitor(monitors.sizes((HEIGHT, WIDTH)), 25)
    with open_video(source, VideoSettings()) as video:
        maps = [monitor.update(frame).maps for _, frame in zip(range(6), video)][-1]
    for name in SHARES:
        counted_HxW = maps[name].counted
        height, width = counted_HxW.shape
        for y, x in np.ndindex(height, width):
            row, column = int((y + 0.5) * HEIGHT / height), int((x + 0.5) * WIDTH / width)
            assert counted_HxW[y, x] == (zones_HxW[row, column] == 255)


def test_the_summary_counts_by_member_and_kind(watched):
    last = watched.printed.splitlines()[-1]
    counts = [part.split(" ", 1) for part in last.partition("(")[2].rstrip(")").split(", ")]
    labels = [label for _, label in counts]
    assert labels == [f"{name} {kind}" for name in SHARES for kind in KINDS if f"{name} {kind}" in labels]
    assert last.startswith(f"{COUNT} frames, {sum(int(count) for count, _ in counts)} events (")


def test_what_a_member_cannot_do_names_it(members):
    monitors = monitors_of(members)
    with pytest.raises(UserError, match="member motion: the frames to watch are 9×9"):
        monitors.monitor(((9, 9), (SMALL, 23)), 25)
