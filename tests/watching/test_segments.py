"""A recording with gaps: where its segments begin, and that nothing is kept from one to the next."""

import csv
import itertools
import json

import numpy as np
import pytest

from tests.data.video_files import write_video
from tests.watching.conftest import footage, watch_to_files
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.watching.segments import segments


def begun(steps, longest_gap=5):
    """The frames with which a new segment begins, and the lines on them, of frames so many seconds apart."""
    times = itertools.accumulate(steps, initial=0.0)
    frames = [Frame(2 * number, at, None) for number, at in enumerate(times)]
    lines = []
    given = list(segments(frames, longest_gap, lines.append))
    assert [frame for frame, _ in given] == frames and given[0].segment == 0
    numbers = [segment for _, segment in given]
    assert set(np.diff(numbers)) <= {0, 1} and numbers[-1] == len(lines)
    return list(np.flatnonzero(np.diff(numbers)) + 1), lines


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([0.04] * 29 + [600] + [0.04] * 9, [30]),
        ([0.04] * 9 + [5.1] + [0.04] * 9 + [3600] + [0.04], [10, 20]),
        ([0.04] * 9 + [4.9] + [0.04] * 9, []),  # no longer than 5 s
        ([60] * 20, []),  # a camera with a frame a minute
        ([60, 61, 59] * 5 + [1100] + [60] * 5, []),
        ([60] * 9 + [1300] + [60] * 5, [10]),  # 20 median steps are 1200 s
        ([0.04, 0.2, 0.5, 0.04, 3, 0.04, 0.5], []),
        ([600, 0.04, 0.04], []),  # nothing is known of the steps yet
        ([], []),
    ],
)
def test_a_segment_begins_after_a_gap_in_seconds_and_in_steps(steps, expected):
    assert begun(steps)[0] == expected


def test_the_longest_gap_is_a_setting_and_a_gap_is_told():
    steps = [0.04] * 29 + [8] + [0.04] * 9
    assert begun(steps, longest_gap=10) == ([], [])
    assert begun(steps, 7) == ([30], ["8 s without frames after frame 58: a new segment begins"])


def test_an_event_ends_at_a_gap_and_nothing_is_remembered_after_it(video_run, tmp_path, capsys):
    frames = footage(60, seed=1)
    frames[25:35] = 255 - frames[25:35] // 4  # anomalous before and after the gap
    stamps = [40 * number + 600_000 * (number >= 30) for number in range(60)]
    write_video(tmp_path / "whole.mkv", frames, stamps=stamps)
    write_video(tmp_path / "second.mkv", frames[30:])
    rows, events = {}, {}
    for name in ("whole", "second"):
        outputs = {"scores": tmp_path / f"{name}.csv", "events": tmp_path / f"{name}.jsonl"}
        watch_to_files(video_run.config, video_run.trained, str(tmp_path / f"{name}.mkv"), outputs)
        with open(outputs["scores"], encoding="utf-8", newline="") as file:
            rows[name] = list(csv.DictReader(file))
        events[name] = [json.loads(line) for line in outputs["events"].read_text().splitlines()]
    lines = capsys.readouterr().err.splitlines()
    assert (
        lines.count(f"{tmp_path / 'whole.mkv'}: 600 s without frames after frame 29: a new segment begins")
        == 1
    )
    whole = rows["whole"]
    assert [int(row["frame"]) for row in whole] == list(range(60))
    np.testing.assert_allclose([float(row["time"]) for row in whole], np.array(stamps) / 1000, atol=2e-3)
    scores = [
        [row[name] for name in row if name not in ("source", "frame", "time")]
        for row in whole[30:] + rows["second"]
    ]
    assert scores[:30] == scores[30:]
    ends = [event for event in events["whole"] if event["what"] == "end"]
    assert any(event["end_frame"] == 29 for event in ends)
    assert not any(event["start_frame"] < 30 <= event["end_frame"] for event in ends)
    assert len({event["event"] for event in events["whole"]}) == len(ends)
