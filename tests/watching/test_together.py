"""Sources that are watched at once find what each finds alone; one that breaks does not hold up the others."""

import csv
import json
import os
import queue
import signal
import threading

import numpy as np
import pytest

from tests.data.video_files import write_video
from tests.report.html_reader import read_alone
from tests.watching.conftest import HEIGHT, WIDTH, footage
from vpn_anomaly.data.video.open_video import Frame, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.watching import feed, together

LENGTHS = {"a": 14, "b": 9, "c": 20, "d": 17}


@pytest.fixture
def films(tmp_path):
    """Files of different lengths, by name; white for a while."""
    (folder := tmp_path / "films").mkdir()
    paths = {}
    for seed, (name, count) in enumerate(LENGTHS.items(), start=1):
        frames = footage(count, seed)
        frames[5:8] = 255 - frames[5:8] // 4
        paths[name] = write_video(folder / f"{name}.mkv", frames)
    return paths


def rows_by_source(path):
    by_source = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        by_source.setdefault(row.pop("source"), []).append(row)
    return by_source


def page_at(path):
    """The text of a report that needs nothing but its file."""
    text = path.read_text(encoding="utf-8")
    read_alone(text)
    return text


def assert_same_rows(found, expected):
    assert len(found) == len(expected) and found[-1]["tail_mean"]
    for one, other in zip(found, expected, strict=True):
        assert [bool(value) for value in one.values()] == [bool(value) for value in other.values()]
        numbers = [[float(value) for value in row.values() if value] for row in (one, other)]
        np.testing.assert_allclose(*numbers, rtol=1e-5, atol=1e-5)


def test_files_at_once_give_what_each_gives_alone(flags, films, tmp_path, capsys):
    inputs = [f"--input={path}" for path in films.values()]
    outputs = [f"--{name}={tmp_path}/at_once.{end}" for name, end in (("scores", "csv"), ("events", "jsonl"))]
    assert main([*flags, *inputs, *outputs, f"--report={tmp_path}/page.html"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("60 frames, ") and out.count("threshold: ") == 1
    at_once = rows_by_source(tmp_path / "at_once.csv")
    events = [json.loads(line) for line in (tmp_path / "at_once.jsonl").read_text().splitlines()]
    assert set(at_once) == set(films.values())
    for number, (name, path) in enumerate(films.items(), start=1):
        assert f"{path}: {LENGTHS[name]} frames watched" in err
        alone = [
            f"--{kind}={tmp_path}/{name}.{end}" for kind, end in (("scores", "csv"), ("events", "jsonl"))
        ]
        assert main([*flags, f"--input={path}", *alone]) == 0
        assert_same_rows(at_once[path], rows_by_source(tmp_path / f"{name}.csv")[path])
        of_source = [event for event in events if event["source"] == path]
        expected = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        of_what = lambda found: [(one["event"], one["what"], one["kind"], one["peak_frame"]) for one in found]
        assert of_what(of_source) == of_what(expected) and expected
        page = page_at(tmp_path / f"page-{number}.html")
        assert [other for other in films.values() if other in page] == [path]
    assert not (tmp_path / "page.html").exists()


class Camera:
    """A live source of the frames, and then of what is put into `feed`: (index, image), or END."""

    END = object()

    def __init__(self, size=(HEIGHT, WIDTH), frames=(), ends=False):
        self.rate, self.live, self.problem, self.expected_frames = 25.0, True, None, None
        self.source_size = self.size = size
        self.feed = queue.Queue()
        for item in enumerate(frames):
            self.feed.put(item)
        if ends:
            self.feed.put(self.END)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        while (item := self.feed.get(timeout=60)) is not self.END:
            index, image = item
            yield Frame(index, index / 25, image)
            self.feed.task_done()  # when the next one is asked for


@pytest.fixture
def cameras(monkeypatch):
    """A function that makes openings of live sources: by address, a list of cameras and errors, in turn."""
    monkeypatch.setattr(feed, "CLOSING_SECONDS", 0.05)
    monkeypatch.setattr(threading.Event, "wait", _short_wait(threading.Event.wait))

    def arrange(openings):
        lock = threading.Lock()

        def open_next(source, settings, name="", stopped=lambda: False):
            if source not in openings:
                return open_video(source, settings, name, stopped)
            with lock:
                opening = openings[source].pop(0) if openings[source] else UserError(f"{source}: gone")
            if isinstance(opening, UserError):
                raise opening
            opening.name = name
            return opening

        monkeypatch.setattr(together, "open_video", open_next)

    return arrange


def _short_wait(wait):
    return lambda self, timeout=None: wait(self, timeout if timeout is None else min(timeout, 0.05))


def test_one_of_four_breaks_and_comes_back(flags, cameras, tmp_path, capsys, monkeypatch):
    """Each gives what it gives alone; the one that came back, what two sources give."""
    monkeypatch.setattr(together, "WAITING", 99)  # nothing is dropped
    names = [f"rtsp://cam/{number}" for number in range(4)]
    parts = {name: footage(12, seed) for seed, name in enumerate(names)}
    broken = [Camera(frames=parts[names[1]][:7], ends=True), Camera(frames=parts[names[1]][7:])]
    refused = UserError(f"{names[1]}: refused")
    openings = {name: [Camera(frames=parts[name])] for name in names}
    openings[names[1]] = [broken[0], refused, broken[1]]
    openings[names[2]].insert(0, UserError(f"{names[2]}: not there yet"))
    cameras(openings)
    at_once = [f"--input={name}" for name in names]
    scores = tmp_path / "at_once.csv"
    assert main([*flags, *at_once, f"--scores={scores}", "--max_frames=48"]) == 0
    err = capsys.readouterr().err
    found = rows_by_source(scores)
    assert {name: len(rows) for name, rows in found.items()} == dict.fromkeys(names, 12)
    assert f"{names[1]}: refused; trying again in 2 s" in err and f"{names[1]}: back after" in err
    assert f"{names[2]}: not there yet; trying again in 1 s" in err
    assert f"{names[1]}: 12 frames watched, 0 frames dropped, 1 reconnections" in err
    assert f"{names[2]}: 12 frames watched, 0 frames dropped, 0 reconnections" in err
    for name, frames in parts.items():
        pieces = [frames[:7], frames[7:]] if name == names[1] else [frames]
        expected = []
        for piece in pieces:
            path = write_video(tmp_path / "alone.mkv", piece)
            assert main([*flags, f"--input={path}", f"--scores={tmp_path}/alone.csv"]) == 0
            expected += rows_by_source(tmp_path / "alone.csv")[path]
        for row, other in zip(found[name], expected, strict=True):
            row["time"] = other["time"] = row["frame"] = other["frame"] = "0"  # they go on where it is back
        assert_same_rows(found[name], expected)


def test_those_that_cannot_be_watched_do_not_stop_the_others(
    flags, cameras, films, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(together, "WAITING", 99)  # nothing is dropped
    addresses = ["rtsp://me:secret@cam/0", "rtsp://me:secret@cam/1"]
    first, second = "rtsp://***@cam/0", "rtsp://***@cam/1"
    back, wider = Camera((HEIGHT + 8, WIDTH)), Camera((HEIGHT, WIDTH + 4), footage(1, seed=0)[:, :, :1])
    cameras({addresses[0]: [Camera(frames=footage(5), ends=True), back], addresses[1]: [wider]})
    missing, listed = tmp_path / "missing.mkv", tmp_path / "cameras.txt"
    listed.write_text("\n".join(["# cameras", "", *addresses, str(missing), films["c"]]), encoding="utf-8")
    report = f"--report={tmp_path}/page.html"
    assert main([*flags, f"--input=@{listed}", report, f"--scores={tmp_path}/scores.csv"]) == 0
    out, err = capsys.readouterr()
    found = rows_by_source(tmp_path / "scores.csv")
    assert {name: len(rows) for name, rows in found.items()} == {first: 5, films["c"]: LENGTHS["c"]}
    assert out.splitlines()[-1].startswith("25 frames") and "secret" not in out + err
    for told in (
        f"{first}: it came back with frames of {WIDTH}x{HEIGHT + 8} pixels",
        f"{first}: 5 frames watched, 0 frames dropped, 1 reconnections",
        "thresholds hold for one size only",
        f"2 of 4 sources could not be watched: {second}, {missing}",
    ):
        assert told in err
    (broken, _, _, whole) = (tmp_path / f"page-{number}.html" for number in range(1, 5))
    assert "came back with frames" in page_at(broken) and "1 reconnections" in page_at(broken)
    assert "reconnections" not in page_at(whole)
    assert not (tmp_path / "page-2.html").exists()  # of a source without a frame


def test_sigterm_ends_all_with_complete_files(flags, films, tmp_path, capsys, monkeypatch):
    update, rounds = together.update_together, []

    def stopped(monitors, frames):
        rounds.append(len(frames))
        if len(rounds) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return update(monitors, frames)

    monkeypatch.setattr(together, "update_together", stopped)
    monkeypatch.setattr(together, "traced_size", lambda sizes: 1)  # a round is one call
    inputs = [f"--input={path}" for path in films.values()]
    outputs = [f"--scores={tmp_path}/scores.csv", f"--report={tmp_path}/page.html"]
    assert main([*flags, *inputs, *outputs]) == 0
    found = rows_by_source(tmp_path / "scores.csv")
    assert sum(map(len, found.values())) == sum(rounds) and len(rounds) == 6
    for number, path in enumerate(films.values(), start=1):
        if path in found:
            assert path in page_at(tmp_path / f"page-{number}.html")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_an_output_that_cannot_be_written_ends_all(flags, films, tmp_path, capsys):
    (tmp_path / "scores.csv").symlink_to("/dev/full")
    inputs = [f"--input={path}" for path in films.values()]
    assert main([*flags, *inputs, f"--scores={tmp_path}/scores.csv"]) == 2
    assert f"error: cannot write {tmp_path}/scores.csv: no space" in capsys.readouterr().err


def test_a_video_shows_one_source(flags, films, tmp_path, capsys):
    inputs = [f"--input={path}" for path in films.values()]
    assert main([*flags, *inputs, f"--video={tmp_path}/seen.mp4"]) == 2
    assert "--video takes one source, but --input names 4" in capsys.readouterr().err


def test_frames_that_come_while_the_machine_is_busy_are_dropped_and_counted(
    flags, cameras, films, tmp_path, capsys, monkeypatch
):
    """The camera gives three frames a round: every third is watched, and the film loses none."""
    source, most_waiting, late = Camera(), [], []
    update = together.update_together

    def slow_update(monitors, frames):
        late.extend(
            source.given - frame.index for frame in frames if frame.picture is None
        )  # not of the film
        for _ in range(3):
            source.feed.put((source.given, footage(1)[0]))
            source.given += 1
        source.feed.join()
        most_waiting.append(len(live_feeds[0]._waiting))
        return update(monitors, frames)

    live_feeds, make = [], together.Live
    monkeypatch.setattr(together, "Live", type("Kept", (make,), {}))
    monkeypatch.setattr(together.Live, "take", lambda self: live_feeds.append(self) or make.take(self))
    monkeypatch.setattr(together, "update_together", slow_update)
    monkeypatch.setattr(together, "traced_size", lambda sizes: 1)  # a round is one call
    cameras({"rtsp://cam": [source]})
    scores = tmp_path / "scores.csv"
    source.feed.put((0, footage(1)[0]))
    source.given = 1
    both = ["--input=rtsp://cam", f"--input={films['c']}"]
    assert main([*flags, *both, f"--scores={scores}", "--max_frames=50"]) == 0
    found = rows_by_source(scores)
    assert len(found[films["c"]]) == LENGTHS["c"]
    numbers = [int(row["frame"]) for row in found["rtsp://cam"]]
    steps = np.diff(numbers[3:])
    assert len(numbers) == 30 and set(steps) == {3} and max(most_waiting) == together.WAITING
    assert max(late) == together.WAITING  # frames behind the one that comes next
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "frames watched, " in line]
    dropped = int(line.split("watched, ")[1].split()[0])
    assert len(numbers) + dropped + together.WAITING == source.given
