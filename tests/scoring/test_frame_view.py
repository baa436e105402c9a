"""What is shown of a frame, pixel by pixel."""

import numpy as np
import pytest

from vpn_anomaly.scoring.frame_view import frame_view
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
