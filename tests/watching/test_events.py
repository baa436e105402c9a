"""The rules and the records of events."""

import dataclasses
import json

import numpy as np
import pytest

from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.events import Change, Event, EventSettings, Moment, Peak

GOOD = {
    "open_p": 0.01,
    "close_p": 0.1,
    "merge_gap": 5,
    "minimum_frames": 2,
    "before": 3,
    "after": 5,
    "light_change": 0,
}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"open_p": 0.0}, "open_p=0.0"),
        ({"open_p": 1.0}, "open_p=1.0"),
        ({"close_p": float("nan")}, "close_p=nan"),
        ({"close_p": 0.001}, "close_p=0.001 is less than open_p=0.01"),
        ({"merge_gap": -1}, "merge_gap=-1"),
        ({"minimum_frames": 0}, "minimum_frames=0.*1 or more"),
        ({"before": 1.5}, "before=1.5"),
        ({"after": True}, "after=True"),
        ({"light_change": "4"}, "light_change=4"),
        ({"after": 6}, "after=6 is more than merge_gap=5"),
    ],
)
def test_settings_out_of_range_are_refused_in_one_line(change, words):
    EventSettings(**GOOD)
    with pytest.raises(UserError, match=words) as error:
        EventSettings(**GOOD | change)
    assert "\n" not in str(error.value)


def test_a_change_is_a_line_of_json():
    moments = {
        name: Moment(np.int64(n), np.float32(n / 4))
        for name, n in (("start", 10), ("end", 14), ("kept_from", 8), ("kept_to", 15))
    }
    box = Box(*np.arange(4))
    event = Event("missing", 2, peak=Peak(Moment(12, 3.0), np.float32(7.5), 0.0, box), frames=4, **moments)
    record = json.loads(json.dumps(Change("end", event).as_record(), allow_nan=False))
    assert record == {
        "what": "end",
        "event": 2,
        "kind": "missing",
        "start_frame": 10,
        "start_time": 2.5,
        "end_frame": 14,
        "end_time": 3.5,
        "kept_from_frame": 8,
        "kept_from_time": 2.0,
        "kept_to_frame": 15,
        "kept_to_time": 3.75,
        "peak_frame": 12,
        "peak_time": 3.0,
        "score": 7.5,
        "p": 0.0,
        "frames": 4,
        "box": [0, 1, 2, 3],
    }
    nowhere = dataclasses.replace(event, peak=event.peak._replace(box=None))
    assert Change("end", nowhere).as_record()["box"] is None
