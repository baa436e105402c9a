"""What is shown of a frame, pixel by pixel."""

import types

import numpy as np
import pytest

from vpn_anomaly.scoring.frame_view import LARGEST, frame_view
from vpn_anomaly.systems.system import Maps

FRAME = np.zeros((1, 3, 1), np.uint8)


def maps_of(value, mean=None):
    """Maps of 1×3 pixels, the last of which does not count."""
    of = lambda maps: {name: np.array([row], np.float32) for name, row in maps.items()}
    counted = np.array([[True, True, False]])
    return Maps(of(value), of(mean or {}), {}, counted, np.array([[0.25, 0.5, 0.75]], np.float32))


def test_predictions_end_at_black_and_white_and_pixels_that_do_not_count_show_the_frame():
    view = frame_view(FRAME, maps_of({"missing": [-0.5, 0.75, 0.25], "nll": [0, 0, 0]}))
    assert view.prediction_HxWx1.dtype == np.uint8
    assert view.prediction_HxWx1.tolist() == [[[0], [255], [191]]]


@pytest.mark.parametrize(
    "surprise, mean, name, expected",
    [
        ({"nll": [1, 2, 3], "tail": [4, 5, 6]}, {"nll": [1, 1, 1]}, "tail", [4, 5, 0]),
        ({"nll": [1, 2, 3]}, {}, "nll", [1, 2, 0]),
        ({"detail": [1, 2, 3]}, {"detail": [3, 0.5, 1]}, "detail", [-2, 1.5, 0]),
    ],
)
def test_surprise_is_what_exceeds_the_expectation_where_there_is_one(surprise, mean, name, expected):
    view = frame_view(FRAME, maps_of({"missing": [0, 0, 0], **surprise}, mean))
    assert view.surprise_HxW.tolist() == [expected] and view.surprise_HxW.dtype == np.float32
    assert (view.map_name, view.less_expected) == (name, name in mean)


OF_CELLS = maps_of({"speed": [1, 5, 9], "presence": [3, 2, 9]}, {"presence": [1, 1, 1]})


def test_a_system_without_a_prediction_shows_none():
    assert frame_view(FRAME, OF_CELLS).prediction_HxWx1 is None


def test_of_other_maps_the_one_behind_the_event_is_shown_or_the_largest_of_all(monkeypatch):
    rows = [
        types.SimpleNamespace(event_kind="speed", map="speed"),
        types.SimpleNamespace(event_kind="presence", map="presence"),
    ]
    monkeypatch.setattr("vpn_anomaly.scoring.frame_view.SCORES", rows)
    shown = {kind: frame_view(FRAME, OF_CELLS, kind) for kind in ("", "speed", "presence", "missing")}
    assert [view.surprise_HxW.tolist() for view in shown.values()] == [
        [[2, 5, 0]],
        [[1, 5, 0]],
        [[2, 1, 0]],
        [[2, 5, 0]],
    ]
    assert [view.map_name for view in shown.values()] == [LARGEST, "speed", "presence", LARGEST]
    assert [view.less_expected for view in shown.values()] == [False, False, True, False]
    with_tails = maps_of({"tail": [1, 2, 3], "speed": [5, 5, 5]})
    assert frame_view(FRAME, with_tails, "speed").map_name == "tail"


def test_maps_of_another_size_are_shown_at_that_of_the_frame():
    frame = np.zeros((2, 6, 1), np.uint8)
    view = frame_view(frame, maps_of({"missing": [0, 0, 0], "nll": [1, 2, 3]}))
    assert view.surprise_HxW.tolist() == [[1, 1, 2, 2, 0, 0]] * 2
    assert view.prediction_HxWx1.shape == (1, 3, 1)
