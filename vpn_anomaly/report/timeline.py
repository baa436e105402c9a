"""The course of a score over the frames of a source or clip, as an SVG figure of a page."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from vpn_anomaly.report.colours import COLOURS, INK, NORMAL
from vpn_anomaly.report.parts import Figure
from vpn_anomaly.report.pictures import data_uri
from vpn_anomaly.report.svg import svg_of
from vpn_anomaly.text.durations import axis_time

POINTS = 2000  # that are drawn at most, about two for every pixel of a screen
WIDTH, HEIGHT = 756, 170  # of the drawing, in points
LEFT, RIGHT, BOTTOM, TOP = 62, 70, 32, 18  # margins
FONT, LETTER_WIDTH = 9, 5.6  # points
LINE, BAND = COLOURS[1], COLOURS[0]


@dataclasses.dataclass(frozen=True)
class Span:
    """Frames `first` to `last`, the last one included, that are shaded, with a short label."""

    first: int
    last: int
    label: str = ""


@dataclasses.dataclass(frozen=True)
class Curve:
    """A score, frame by frame.

    Attributes:
      frame_T: the frames' numbers, ascending.
      score_T: their scores; NaN where there is none.
      name: of the score, with its unit: beside the axis.
      time_T: seconds of the frames; None: not known.
      threshold: a dashed line, with its value; None: no line.
      spans: such as events or labels.
    """

    frame_T: np.ndarray
    score_T: np.ndarray
    name: str
    time_T: np.ndarray | None = None
    threshold: float | None = None
    spans: Sequence[Span] = ()


def curve_figure(curve: Curve, title: str = "", caption: str = "", anchor: str = "") -> Figure:
    """The curve as a figure; its caption also says how many frames a point stands for."""
    _, _, frames = thinned(curve.frame_T, curve.score_T)
    said = f"Each point is the largest of {frames} frames." if frames > 1 else ""
    whole = " ".join(sentence for sentence in (caption, said) if sentence)
    return Figure(data_uri(svg(curve), "image/svg+xml"), title, whole, anchor)


def thinned(frame_T: np.ndarray, score_T: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns at most POINTS points, (P,) each: frame and score, and how many frames are one point.

    A point is the frame with the largest score of so many that follow each other, the first of
    equals; NaN where none has a score. The last point may stand for fewer.
    """
    frame_T, score_T = np.asarray(frame_T), np.asarray(score_T, np.float64)
    frames = max(1, -(-len(score_T) // POINTS))
    padding = (0, -len(score_T) % frames)
    score_PxN = np.pad(score_T, padding, constant_values=np.nan).reshape(-1, frames)
    place_P = np.where(np.isnan(score_PxN), -np.inf, score_PxN).argmax(1)
    place_P = place_P + frames * np.arange(len(score_PxN))
    return frame_T[place_P], score_T[place_P], frames


def svg(curve: Curve) -> bytes:
    """The drawing. The same curve gives the same bytes."""
    return svg_of(lambda: _drawing(curve))


def _drawing(curve: Curve) -> Drawing:
    drawing = Drawing(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="none")
    axes = drawing.add_axes(
        [LEFT / WIDTH, BOTTOM / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, (HEIGHT - TOP - BOTTOM) / HEIGHT],
        facecolor="none",
    )
    _draw_line(axes, curve)
    _draw_spans(axes, curve.spans)
    _draw_threshold(axes, curve.threshold)
    _draw_frames(axes, curve)
    axes.set_ylabel(curve.name, color=INK, fontsize=FONT)
    plain(axes)
    return drawing


def plain(axes: Axes) -> None:
    """Axes as curves have them on a page: lines across, two edges, small letters."""
    axes.grid(axis="y", color="#e6e8eb", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(NORMAL)
    axes.tick_params(labelsize=FONT, labelcolor=INK, color=NORMAL)


def _draw_line(axes: Axes, curve: Curve) -> None:
    frame_P, score_P, _ = thinned(curve.frame_T, curve.score_T)
    (line,) = axes.plot(frame_P, score_P, color=LINE, linewidth=0.9)
    line.set_gid("curve")
    gap_P = np.isnan(np.pad(score_P, 1, constant_values=np.nan))
    alone_P = gap_P[:-2] & gap_P[2:]  # a line of one point is none
    axes.plot(frame_P[alone_P], score_P[alone_P], color=LINE, marker=".", markersize=3, linestyle="")
    if len(curve.frame_T):
        first, last = curve.frame_T[0], curve.frame_T[-1]
        axes.set_xlim(first - 0.5, last + 0.5)


def _draw_spans(axes: Axes, spans: Sequence[Span]) -> None:
    """Shades the spans and writes their labels above the axes, as far as they do not overlap."""
    per_frame = (WIDTH - LEFT - RIGHT) / np.ptp(axes.get_xlim())
    free_from = -np.inf
    for span in sorted(spans, key=lambda span: span.first):
        # The edge keeps a band of a few frames visible.
        axes.axvspan(
            span.first - 0.5, span.last + 0.5, facecolor=(BAND, 0.2), edgecolor=(BAND, 0.4), linewidth=0.6
        )
        middle, width = (span.first + span.last) / 2, LETTER_WIDTH * len(span.label) / per_frame
        if span.label and middle - width / 2 >= free_from:
            axes.text(
                middle,
                1.03,
                span.label,
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                color=BAND,
                fontsize=FONT,
            )
            free_from = middle + width / 2 + LETTER_WIDTH / per_frame


def _draw_threshold(axes: Axes, threshold: float | None) -> None:
    if threshold is not None:
        axes.axhline(threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.text(
            1.008,
            threshold,
            f"threshold\n{threshold:.4g}",
            va="center",
            color=INK,
            transform=axes.get_yaxis_transform(),
            fontsize=FONT,
        )


def _draw_frames(axes: Axes, curve: Curve) -> None:
    """Ticks at whole frames, with their times where these are known."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.xaxis.get_major_locator()() if low <= tick <= high]
    labels = [f"{tick:.0f}" for tick in ticks]
    if curve.time_T is not None and len(curve.frame_T):
        seconds = np.interp(ticks, curve.frame_T, curve.time_T)
        labels = [f"{label}\n{axis_time(time)}" for label, time in zip(labels, seconds)]
        axes.annotate(
            "frame\ntime",
            (0, 0),
            (-26, -7),
            xycoords="axes fraction",
            ha="right",
            va="top",
            textcoords="offset points",
            color=INK,
            fontsize=FONT,
        )
    else:
        axes.set_xlabel("frame", color=INK, fontsize=FONT)
    axes.set_xticks(ticks, labels)
