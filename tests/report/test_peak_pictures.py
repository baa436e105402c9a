"""Which events keep pictures, and what these show."""

import base64
import dataclasses
import types

import numpy as np

from tests.report.html_reader import pixels_of
from tests.report.monitored import Stream, image_of
from vpn_anomaly.report.peak_pictures import PeakPictures


def pictures_after(p_T, most=60, kind="missing"):
    """PeakPictures that saw a stream with these p-values of one kind."""
    stream, pictures = Stream(), PeakPictures(most)
    for p in p_T:
        frame, result = stream.update(**{kind: p})
        for change in result.changes:
            if change.what == "end":
                pictures.end(change.event.id, change.event)
        pictures.update(frame, result.maps, result.under_way.values())
    return pictures


def test_runs_that_never_become_events_leave_nothing_behind():
    pictures = pictures_after([0.5, 0.001, 0.002, 0.5])
    assert pictures._snapshots.keys() == {("", "missing")}  # two more quiet frames end the run
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


def test_members_have_pictures_of_their_own_maps_and_none_of_what_they_do_not_predict():
    stream, pictures = Stream(), PeakPictures(9)
    frame, result = stream.update(missing=0.001)
    (event,) = result.under_way.values()
    of_cells = result.maps[""].replace(value={"speed": np.full((4, 6), 12.0)})
    events = [dataclasses.replace(event, member=name) for name in ("motion", "normality")]
    pictures.update(frame, {"motion": result.maps[""], "normality": of_cells}, events)
    for number, one in enumerate(events):
        pictures.end(number, one)
    assert [len(pictures.of_event[number]) for number in (0, 1)] == [3, 2]
    captions = [[one.caption for one in pictures.of_event[number]][1:] for number in (0, 1)]
    assert captions == [["what the model expects", "tail surprise"], ["the largest of its maps"]]
    assert pictures.of_event[0][2].source != pictures.of_event[1][1].source


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
