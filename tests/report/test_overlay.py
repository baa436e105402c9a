"""What is drawn over a frame, against slow loops and the frame itself."""

import matplotlib
import numpy as np
import pytest

from vpn_anomaly.report.overlay import (
    LAST_COLOUR,
    LEAST_LEVEL,
    MOST_OPAQUE,
    Overlay,
    blended,
)
from vpn_anomaly.scoring.event_kinds import EVENT_KINDS, KIND_NAMES, kind_named
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.monitor import OpenEvent

RNG = np.random.default_rng(0)
FRAME = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)


def drawn(frame_HxWxC=FRAME, map_HxW=None, brightest=1.0, lines=(), boxes=()):
    overlay = Overlay(*frame_HxWxC.shape[:2])
    return overlay.picture(frame_HxWxC, map_HxW, brightest, lines, [OpenEvent(*one) for one in boxes])


def changed(picture):
    return (picture != drawn()).any(-1)


@pytest.mark.parametrize(
    ("height", "width", "size", "scale"),
    [
        (40, 60, (320, 480), 8),
        (64, 64, (512, 512), 8),
        (33, 161, (100, 484), 3),
        (101, 481, (102, 482), 1),
        (1, 1, (480, 480), 480),
        (720, 1280, (720, 1280), 1),
    ],
)
def test_frames_are_enlarged_by_a_whole_factor_to_even_sizes(height, width, size, scale):
    frame_HxWx1 = RNG.integers(0, 256, (height, width, 1), dtype=np.uint8)
    picture = drawn(frame_HxWx1)
    assert picture.shape == (*size, 3) and picture.dtype == np.uint8
    enlarged = np.kron(frame_HxWx1[..., 0], np.ones((scale, scale), np.uint8))
    expected = enlarged[..., None].repeat(3, -1)
    np.testing.assert_array_equal(picture[: height * scale, : width * scale], expected)
    np.testing.assert_array_equal(picture[-1, : width * scale], expected[-1])  # the padding


@pytest.mark.parametrize("channels", [1, 3])
def test_the_map_lies_over_the_frame_the_higher_the_more_opaque(channels):
    frame = FRAME[..., :channels]
    map_HxW = RNG.uniform(-1, 9, (40, 60))
    map_HxW[0, :3] = 0, np.inf, 6
    given = blended(frame, map_HxW, 6.0)
    colours = matplotlib.colormaps["magma"]
    for (y, x), value in np.ndenumerate(map_HxW):
        level = min(max(value / 6, 0), 1)
        opacity = MOST_OPAQUE * max(0, level - LEAST_LEVEL) / (1 - LEAST_LEVEL)
        colour = 255 * np.array(colours(LAST_COLOUR * level)[:3])
        expected = (1 - opacity) * frame[y, x] + opacity * colour
        assert np.abs(given[y, x] - expected).max() < 3  # the table has 256 colours
    assert (given[map_HxW <= 0.6] == frame[map_HxW <= 0.6]).all()


def test_without_a_map_or_without_values_in_it_the_frame_is_left():
    empty = np.full((40, 60), np.nan)
    for map_HxW, brightest in ((None, 1), (empty, 1), (np.ones((40, 60)), 0), (empty + 1, np.nan)):
        np.testing.assert_array_equal(blended(FRAME, map_HxW, brightest), FRAME)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_box_goes_round_its_pixels_in_the_colour_of_its_kind(kind):
    top, left, bottom, right = 80, 160, 160, 264  # in the picture, of pixels 8 times as large
    picture = drawn(boxes=[(kind, Box(10, 20, 20, 33))])
    inside = np.s_[top:bottom, left:right]
    np.testing.assert_array_equal(picture[inside], drawn()[inside])
    colour = kind_named(kind).colour
    for line in (
        np.s_[top - 1, left:right],
        np.s_[bottom, left:right],
        np.s_[top:bottom, left - 1],
        np.s_[top:bottom, right],
    ):
        assert (picture[line] == colour).all()
    rows, columns = np.nonzero(changed(picture))
    assert top - 30 < rows.min() and rows.max() < bottom + 30  # the label is above or below
    assert left - 2 <= columns.min() and columns.max() < right + 2


def test_boxes_at_the_edges_and_of_the_whole_frame_are_seen():
    whole = drawn(boxes=[("missing", None)])
    np.testing.assert_array_equal(whole, drawn(boxes=[("missing", Box(0, 0, 40, 60))]))
    colour = kind_named("missing").colour
    for edge in (whole[0], whole[-1], whole[:, 0], whole[:, -1]):
        assert (edge == colour).all(-1).mean() > 0.8  # but for the label


def label(kind, box):
    """The pixels of the label alone."""
    area = changed(drawn(boxes=[(kind, box)]))
    colours = [changed(drawn(boxes=[(other, box)])) for other in KIND_NAMES]
    return area & ~np.logical_and.reduce(colours)


def test_labels_lie_apart_also_of_equal_boxes():
    box = Box(10, 20, 20, 30)
    labels = [label("missing", box), label("intruding", box), label("motion", None)]
    assert all(area.sum() > 500 for area in labels)
    assert np.sum(labels, axis=0).max() == 1


@pytest.mark.parametrize("box", [Box(10, 20, 20, 30), None])
@pytest.mark.parametrize(
    "kinds",
    [
        [one.name for one in EVENT_KINDS if one.corner == corner]
        for corner in dict.fromkeys(kind.corner for kind in EVENT_KINDS)
    ],
    ids="-".join,
)
def test_kinds_that_share_a_corner_are_all_named(kinds, box):
    together = drawn(boxes=[(kind, box) for kind in kinds])
    for kind in kinds:
        assert (together == kind_named(kind).colour).all(-1).sum() > 400  # of the name, not of the box


@pytest.mark.parametrize("box", [Box(10, 20, 20, 30), None])
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_two_members_with_equal_boxes_of_one_kind_are_both_named(kind, box):
    both = drawn(boxes=[(kind, box, "motion"), (kind, box, "appearance")])
    colour = kind_named(kind).colour
    for member in ("motion", "appearance"):
        label_HxW = (drawn(boxes=[(kind, box, member)]) == colour).all(-1).sum()
        assert (both == colour).all(-1).sum() > label_HxW + 500


def test_no_label_lies_under_the_text():
    text = ["some text", "some text"]
    for kind in KIND_NAMES:
        box = Box(6, 0, 20, 30)  # there is room for the label above it, but for the text
        with_text = drawn(lines=text, boxes=[(kind, box)])
        without = drawn(boxes=[(kind, box)])
        colour = kind_named(kind).colour
        assert (without[30:46] == colour).all(-1).any() == ("top" in kind_named(kind).corner)
        least = 480 if kind == "detail" else 500  # its word is narrow
        assert (with_text[162:180] == colour).all(-1).sum() > least


def test_text_stands_at_the_top_left_and_long_lines_are_wrapped():
    one, two = changed(drawn(lines=["some text"])), changed(drawn(lines=["some text", "more"]))
    height = np.flatnonzero(one.any(1)).max() + 1
    assert one[:height, :20].mean() > 0.9 and height < 30
    assert np.flatnonzero(two.any(1)).max() + 1 == 2 * height
    long = drawn(lines=[" ".join(["word"] * 30)])
    assert np.flatnonzero(changed(long).any(1)).max() + 1 in (3 * height, 4 * height)
    assert not changed(long)[:height, -5:].any()  # a word that is cut off would reach the edge
    text = (drawn(lines=["some text"]) == 255).all(-1) & one
    assert 20 < text.sum() < 0.5 * one.sum()


def test_frames_and_maps_of_another_size_are_refused():
    with pytest.raises(ValueError, match="frame"):
        Overlay(40, 60).picture(FRAME[1:], None, 1, (), ())
    with pytest.raises(ValueError, match="map"):
        drawn(map_HxW=np.ones((20, 30)))
