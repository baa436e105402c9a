"""The results of a sweep as a figure: one panel per corruption, one line per row."""

import os
from collections.abc import Sequence
from typing import BinaryIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.sweeps.table_settings import CORRUPTIONS
from experiments.tables.accuracy import Accuracy
from experiments.tables.rows import Row
from vpn_anomaly.report.score_figures import COLOURS, DPI, INK, NORMAL

PAPER_PANEL = "both"  # the corruption that the paper reports
CHANCE = 50  # percent, for equally many normal and corrupted sequences
PAPER_SCORE, DECLARED_SCORE = COLOURS[1], COLOURS[0]
GRID = "#e6e8eb"
WIDTH, ROW_HEIGHT, MARGIN = 10.5, 0.34, 0.62  # inches; margin per panel
OFFSET = 0.17  # in rows: the two scores are drawn above and below the row's centre
AXIS_MARGIN = 2.5  # percent, beyond the smallest and largest accuracy


def table_figure(path: str | os.PathLike | BinaryIO, rows: Sequence[Row]) -> None:
    """Writes a PNG with a dot per seed, a tick at their mean, and a line for its 95% interval.

    Args:
      path: the file to write, or a file open for writing.
      rows: in table order, drawn from top to bottom.
    """
    size = (WIDTH, 0.4 + 2 * (MARGIN + ROW_HEIGHT * len(rows)))
    figure = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, corruption in zip(panels.flat, CORRUPTIONS):
        _draw_panel(axes, corruption, rows)
    # First row at the top. The panels share their axes, so this sets the limits of all.
    panels[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    panels[0, 0].set_xlim(_smallest(rows) - AXIS_MARGIN, 100 + AXIS_MARGIN)
    panels[0, 0].set_yticks(range(len(rows)), [row.label for row in rows])
    for axes in panels[1]:
        axes.set_xlabel("accuracy where precision equals recall, %", color=INK, fontsize=9)
    figure.legend(handles=_legend(rows), loc="outside upper center", ncols=6, frameon=False, fontsize=9)
    figure.savefig(path, format="png")


def _draw_panel(axes: Axes, corruption: str, rows: Sequence[Row]) -> None:
    axes.axvline(CHANCE, color=NORMAL, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        "chance",
        (CHANCE, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, -1),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=NORMAL,
    )
    for place, row in enumerate(rows):
        by_paper = row.by_paper_score.get(corruption)
        declared = row.by_declared_score.get(corruption)
        if declared is by_paper:
            declared = None
        offset = 0 if declared is None else OFFSET
        if by_paper is not None:
            _draw_accuracy(axes, place - offset, by_paper, PAPER_SCORE)
        if declared is not None:
            _draw_accuracy(axes, place + offset, declared, DECLARED_SCORE)
        if row.paper is not None and corruption == PAPER_PANEL:
            axes.plot(row.paper, place, **_PAPER_MARK)
        if not row.measured:
            axes.annotate(
                "not measured",
                (1, place),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                fontsize=8,
                color=NORMAL,
            )
    axes.set_title(corruption, fontsize=10, color=INK, loc="left")
    axes.set_axisbelow(True)
    axes.grid(axis="both", color=GRID, linewidth=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=INK)
    axes.tick_params(axis="y", length=0)


def _draw_accuracy(axes: Axes, place: float, accuracy: Accuracy, colour: str) -> None:
    low, high = accuracy.ci95
    axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=1.3, solid_capstyle="butt")
    seeds = 100 * accuracy.seeds_S
    axes.plot(seeds, [place] * len(seeds), color=colour, **_SEED_MARK)
    axes.plot(100 * accuracy.mean, place, color=colour, **_MEAN_MARK)


_SEED_MARK = {"linestyle": "none", "marker": "o", "markersize": 5.5, "alpha": 0.6, "markeredgewidth": 0}
_MEAN_MARK = {"linestyle": "none", "marker": "|", "markersize": 10, "markeredgewidth": 2}
_PAPER_MARK = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 6,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "zorder": 3,
}


def _legend(rows: Sequence[Row]) -> list[Line2D]:
    """A legend handle for every kind of mark in the figure."""
    handles = [Line2D([], [], color=PAPER_SCORE, linewidth=1.6, label="paper's score")]
    if any(row.by_declared_score for row in rows):
        handles.append(Line2D([], [], color=DECLARED_SCORE, linewidth=1.6, label="declared score"))
    handles += [
        Line2D([], [], color=INK, label="one seed", **_SEED_MARK),
        Line2D([], [], color=INK, label="mean over seeds", **_MEAN_MARK),
        Line2D([], [], color=INK, linewidth=1.6, label="95% over sequences"),
    ]
    if any(row.paper is not None for row in rows):
        handles.append(Line2D([], [], label="the paper's figure", **_PAPER_MARK))
    return handles


def _smallest(rows: Sequence[Row]) -> float:
    """The smallest value in the figure, percent."""
    accuracies = [
        accuracy
        for row in rows
        for found in (row.by_paper_score, row.by_declared_score)
        for accuracy in found.values()
    ]
    ends = [100 * min(accuracy.ci95[0], *accuracy.seeds_S) for accuracy in accuracies]
    return min([CHANCE, *ends, *(row.paper for row in rows if row.paper is not None)])
