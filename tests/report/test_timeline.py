"""Curves: their points and texts are read from the SVG."""

import base64
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from vpn_anomaly.report import timeline
from vpn_anomaly.report.timeline import POINTS, Curve, Span, curve_figure, svg, thinned

SVG = "{http://www.w3.org/2000/svg}"


def points_of(root):
    """The curve as lists of (x, y), one for every piece without a gap, in the drawing's points."""
    (group,) = [g for g in root.iter(f"{SVG}g") if g.get("id") == "curve"]
    pieces = []
    for path in group.iter(f"{SVG}path"):
        for command, x, y in re.findall(r"([ML]) (\S+) (\S+)", path.get("d") or ""):
            if command == "M":
                pieces.append([])
            pieces[-1].append((float(x), float(y)))
    return pieces


def drawn(curve):
    return ElementTree.fromstring(svg(curve))


def texts_of(root):
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_the_points_are_the_scores():
    frame_T, score_T = np.array([3, 4, 6, 9]), np.array([1.0, 5.0, -2.0, 0.5])
    (piece,) = points_of(drawn(Curve(frame_T, score_T, "score")))
    x_T, y_T = np.array(piece).T
    # Straight lines from data to drawing, y downwards.
    np.testing.assert_allclose(np.corrcoef(x_T, frame_T)[0, 1], 1, atol=1e-9)
    np.testing.assert_allclose(np.corrcoef(y_T, -score_T)[0, 1], 1, atol=1e-9)


def test_frames_without_a_score_are_a_gap_and_one_alone_is_seen():
    nan = np.nan
    root = drawn(Curve(np.arange(8), np.array([nan, 1, 2, nan, 3, nan, 4, 5]), "score"))
    assert [len(piece) for piece in points_of(root) if len(piece) > 1] == [2, 2]
    marks = [use for use in root.iter(f"{SVG}use") if "stroke: #0072b2" in use.get("style", "")]
    assert len(marks) == 1


@pytest.mark.parametrize("count", [1, 1999, POINTS, POINTS + 1, 12_345])
def test_long_curves_keep_their_peaks(count):
    rng = np.random.default_rng(count)
    frame_T, score_T = 5 + np.arange(count), rng.normal(size=count)
    score_T[rng.random(count) < 0.3] = np.nan
    score_T[rng.integers(0, count, 3)] = 50, 60, 70
    frame_P, score_P, frames = thinned(frame_T, score_T)
    assert len(frame_P) <= POINTS and frames == -(-count // POINTS)
    for point, start in enumerate(range(0, count, frames)):
        scores = score_T[start : start + frames]
        if np.isnan(scores).all():
            assert np.isnan(score_P[point])
        else:
            assert score_P[point] == np.nanmax(scores) == score_T[frame_P[point] - 5]
            assert start <= frame_P[point] - 5 < start + frames
    pieces = points_of(drawn(Curve(frame_T, score_T, "score")))
    highest = min(y for piece in pieces for _, y in piece)
    lowest = max(y for piece in pieces for _, y in piece)
    assert sum(len(piece) for piece in pieces) == np.isfinite(score_P).sum()
    if count > 1:
        assert highest < lowest


def test_the_caption_says_what_a_point_is():
    short, long = (Curve(np.arange(n), np.zeros(n), "score") for n in (POINTS, 2 * POINTS + 1))
    assert curve_figure(short, "title", "Said.").caption == "Said."
    assert curve_figure(long, "title", "Said.").caption == "Said. Each point is the largest of 3 frames."


def test_the_threshold_is_drawn_and_written_even_beyond_the_scores():
    curve = Curve(np.arange(4), np.array([0.0, 1, 0, 1]), "score", threshold=12.345678)
    root = drawn(curve)
    assert "12.35" in " ".join(texts_of(root))
    assert "12.35" not in " ".join(texts_of(drawn(Curve(curve.frame_T, curve.score_T, "score"))))
    (dashed,) = [path for path in root.iter(f"{SVG}path") if "stroke-dasharray" in path.get("style", "")]
    _, y = re.findall(r"[ML] (\S+) (\S+)", dashed.get("d"))[0]
    (piece,) = points_of(root)
    (_, y_0), (_, y_1) = piece[:2]
    assert float(y) == pytest.approx(y_0 + 12.345678 * (y_1 - y_0), abs=1e-3)


def bands_of(root):
    """(left, right) of the shaded bands."""
    paths = [p for p in root.iter(f"{SVG}path") if "fill: #d55e00" in p.get("style", "")]
    numbers = [[float(n) for n in re.findall(r"[ML] (\S+) ", path.get("d"))] for path in paths]
    return [(min(n), max(n)) for n in numbers]


def test_spans_are_shaded_over_their_frames_with_their_labels():
    spans = [Span(40, 49, "7"), Span(10, 10, "3")]
    root = drawn(Curve(np.arange(100), np.zeros(100), "score", spans=spans))
    (piece,) = points_of(root)
    x_of = lambda frame: np.interp(frame, [0, 99], [piece[0][0], piece[-1][0]])
    step = piece[1][0] - piece[0][0]
    assert np.allclose(
        bands_of(root),
        [(x_of(first) - step / 2, x_of(last) + step / 2) for first, last in ((10, 10), (40, 49))],
        atol=1e-3,
    )
    assert {"3", "7"} <= set(texts_of(root))


def test_labels_that_would_overlap_are_left_out():
    spans = [Span(n, n, f"#{n}") for n in range(0, 3000, 3)]
    root = drawn(Curve(np.arange(3000), np.zeros(3000), "score", spans=spans))
    labels = [text for text in root.iter(f"{SVG}text") if "".join(text.itertext()).startswith("#")]
    places = [float(text.get("x")) for text in labels]
    widths = [timeline.LETTER_WIDTH * len("".join(text.itertext())) for text in labels]
    assert 10 < len(labels) < len(spans) and "".join(labels[0].itertext()) == "#0"
    for place, width, after, width_after in zip(places, widths, places[1:], widths[1:]):
        assert place + width / 2 <= after - width_after / 2


def test_ticks_are_frames_with_their_times():
    frame_T = np.arange(0, 1000, 2)  # every other frame of 25 a second
    texts = texts_of(drawn(Curve(frame_T, np.zeros(500), "score", frame_T / 25)))
    assert {"0", "0:00.0", "500", "0:20.0", "time"} <= set(texts)
    assert "time" not in texts_of(drawn(Curve(frame_T, np.zeros(500), "score")))


@pytest.mark.parametrize("score_T", [np.zeros(0), np.full(5, np.nan), np.full(1, 3.0)])
def test_curves_with_nothing_to_see_are_drawn(score_T):
    spans = [Span(0, 0, "1")] * len(score_T)
    root = drawn(Curve(np.arange(len(score_T)), score_T, "score", np.arange(len(score_T)), 2.0, spans))
    assert sum(len(piece) for piece in points_of(root)) == np.isfinite(score_T).sum()


def test_the_same_curve_gives_the_same_bytes_without_a_date():
    curve = Curve(np.arange(50), np.arange(50.0) % 7, "a score", np.arange(50) / 25, 3.0, [Span(3, 5, "0")])
    assert svg(curve) == svg(curve)
    content = base64.b64decode(curve_figure(curve).source.removeprefix("data:image/svg+xml;base64,"))
    assert content == svg(curve) and b"date" not in content and b"DOCTYPE" not in content
    (family,) = set(re.findall(rb"font-family: ([^;\"]+)", content))
    assert family.endswith(b"sans-serif")


def test_drawing_leaves_matplotlibs_settings_as_they_were():
    import matplotlib

    before = dict(matplotlib.rcParams)
    svg(Curve(np.arange(3), np.zeros(3), "score"))
    assert dict(matplotlib.rcParams) == before
