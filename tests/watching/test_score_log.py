"""Files of scores and events: read while they are written, and on a disk that is full."""

import csv
import json
import math
import os
import resource

import numpy as np
import pytest

from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.event_log import EventLog
from vpn_anomaly.watching.events import Change, Event, Moment, Peak
from vpn_anomaly.watching.score_log import ScoreLog

SCORES, KINDS = ("mean_nll", "missing_z"), ("missing", "motion")
COLUMNS = ["source", "frame", "time", "mean_nll", "missing_z", "p_missing", "p_motion"]


def row(index, source="a.mp4"):
    score = {"mean_nll": np.float32(index / 3), "missing_z": index * 1.5}
    return source, np.int64(index), index * 0.04, score, {"missing": 0.1**index, "motion": 0.5}


def write_scores(path, count):
    with ScoreLog(path, SCORES, KINDS) as log:
        for index in range(count):
            log.write(*row(index))


def read(path):
    """One dict a row, numbers as numbers, empty as None."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return [
            {
                name: value if name == "source" else float(value) if value else None
                for name, value in row.items()
            }
            for row in csv.DictReader(file)
        ]


def change(what="begin", score=7.5, p=0.001, box=Box(1, 2, 3, 4)):
    moments = [Moment(index, index / 25) for index in range(5)]
    return Change(what, Event("missing", 0, *moments[:4], Peak(moments[4], score, p, box), 3))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_row_a_frame_without_any_loss_of_digits(tmp_path, ending):
    path = tmp_path / f"scores{ending}"
    path.write_text("what was there before, which is longer than a row\n" * 100)
    write_scores(path, 4)
    rows = read(path)
    assert [list(row) for row in rows] == [COLUMNS] * 4
    for index, given in enumerate(rows):
        _, _, time, score, p = row(index)
        assert list(given.values()) == ["a.mp4", index, time, *map(float, score.values()), *p.values()]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_what_a_frame_does_not_have_is_empty(tmp_path, ending):
    path = tmp_path / f"scores{ending}"
    with ScoreLog(path, SCORES, KINDS) as log:
        log.write("a", 0, 0.0, {}, {})
        log.write("a", 1, 0.1, {"mean_nll": math.nan, "missing_z": None}, {"motion": math.inf})
        log.write("a", 2, 0.2, {"mean_nll": 0.0}, {"motion": 0.0})
    assert [list(row.values())[3:] for row in read(path)] == [[None] * 4, [None] * 4, [0.0, None, None, 0.0]]
    if ending == ".csv":
        assert path.read_text().splitlines()[1] == "a,0,0.0,,,,"


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("source", ['a, "b"\nc.mp4', os.fsdecode(b"caf\xe9.mp4"), "été.mp4"])
def test_any_name_of_a_source(tmp_path, ending, source):
    path = tmp_path / f"scores{ending}"
    with ScoreLog(path, SCORES, KINDS) as log:
        log.write(*row(0, source))
    if ending == ".jsonl":
        assert json.loads(path.read_bytes())["source"] == source
    else:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            assert [row["source"] for row in csv.DictReader(file)] == [source]


def test_rows_and_events_can_be_followed(tmp_path):
    """Another program sees every line before the next one is written."""
    with ScoreLog(tmp_path / "x.csv", SCORES, KINDS) as scores, EventLog(tmp_path / "x.jsonl") as events:
        assert (tmp_path / "x.csv").read_text() == ",".join(COLUMNS) + "\n"
        for count in range(1, 4):
            scores.write(*row(count))
            events.write("a.mp4", change())
            for name, lines in (("x.csv", count + 1), ("x.jsonl", count)):
                assert (tmp_path / name).read_text().count("\n") == lines


def test_an_event_is_its_record_and_its_source(tmp_path):
    path = tmp_path / "events.jsonl"
    changes = [change(), change("change", score=np.float32(8.25)), change("end", box=None)]
    with EventLog(path) as log:
        for one in changes:
            log.write("camera:0", one)
    expected = [{"source": "camera:0", **one.as_record()} for one in changes]
    assert read(path) == expected
    assert expected[0]["box"] == [1, 2, 3, 4] and expected[2]["what"] == "end"


def test_undefined_numbers_of_an_event_are_null(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write("a", change(score=math.nan, p=math.inf))
    (record,) = [json.loads(path.read_text(), parse_constant=pytest.fail)]
    assert record["score"] is None and record["p"] is None and record["peak_frame"] == 4


def write_events(path, count):
    with EventLog(path) as log:
        for _ in range(count):
            log.write("a.mp4", change())


@pytest.mark.parametrize(
    ("write", "name"), [(write_scores, "x.csv"), (write_scores, "x.jsonl"), (write_events, "x.jsonl")]
)
def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path, write, name):
    path = tmp_path / name
    write(path, 40)
    complete = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = len(complete) // 2
    room += complete[room - 1 : room] == b"\n"  # within a line
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(UserError, match="cannot write .*: file too large; choose another pla"):
            write(path, 40)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == complete[: complete.rindex(b"\n", 0, room) + 1]
    assert 10 < len(read(path)) < 30


@pytest.mark.parametrize(
    ("write", "ending"), [(write_scores, ".csv"), (write_scores, ".jsonl"), (write_events, ".jsonl")]
)
def test_outputs_that_cannot_be_written(tmp_path, write, ending):
    (tmp_path / f"full{ending}").symlink_to("/dev/full")
    (tmp_path / f"folder{ending}").mkdir()
    for name, words in (
        ("full", "no space left on device"),
        ("folder", "is a directory"),
        ("none/x", "no such file or directory"),
    ):
        with pytest.raises(UserError, match=f"cannot write .*{name}.*: {words}; choose") as caught:
            write(tmp_path / f"{name}{ending}", 3)
        assert "\n" not in str(caught.value)


def test_a_pipe_whose_reader_has_gone(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    reader = os.open(tmp_path / "x.csv", os.O_RDONLY | os.O_NONBLOCK)
    with ScoreLog(tmp_path / "x.csv", SCORES, KINDS) as log:
        log.write(*row(0))
        assert os.read(reader, 1000).count(b"\n") == 2
        os.close(reader)
        with pytest.raises(UserError, match="cannot write .*: broken pipe"):
            log.write(*row(1))


def test_another_ending_and_a_name_without_a_column(tmp_path):
    with pytest.raises(UserError, match=r"x\.txt: .* ends in \.csv or \.jsonl"):
        ScoreLog(tmp_path / "x.txt", SCORES, KINDS)
    with ScoreLog(tmp_path / "x.csv", SCORES, KINDS) as log:
        with pytest.raises(ValueError, match="no column for any, intruding"):
            log.write("a", 0, 0.0, {"any": 1.0}, {"intruding": 0.5})
